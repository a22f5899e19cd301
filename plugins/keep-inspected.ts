import type { TargetFacts } from "@evenkeel/contracts/observation";
import type { ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import { type Ask, keepConnection, type Line } from "./keep-connection.ts";

/** What may be asked over a connection that stands. */
export interface Questions {
  readonly probe: Ask;
  readonly inspect: () => Promise<TargetFacts>;
}

/**
 * Makes a session that can be inspected as well as probed, whatever keeps its connection.
 *
 * @param keep keeps the connection; once it stands, what is asked over it is what `choose` makes of the questions
 */
export function makeInspectable(keep: (choose: (questions: Questions) => Ask) => ProbeSession): ProbeSession {
  let facts: TargetFacts | null = null;
  let isInspecting = false;
  const session = keep(({ probe, inspect }) => async () => {
    if (!isInspecting) return await probe();
    facts = await inspect();
  });
  return {
    ...session,
    async inspect() {
      isInspecting = true;
      await session.probe();
      if (facts === null) throw new Error("an inspection that ended has found something");
      return facts;
    },
  };
}

/**
 * Keeps a connection that can be inspected as well as probed; see `keepConnection`.
 *
 * @param context the agent's surroundings
 * @param begin connects and logs in over the session's socket
 */
export function keepInspected(
  context: ProbeContext,
  begin: (line: Line) => Promise<Questions>,
): ProbeSession {
  return makeInspectable((choose) => keepConnection(context, async (line) => choose(await begin(line))));
}
