import type { HeartbeatSession } from "@evenkeel/contracts/heartbeat-plugin";
import type { ProbeContext } from "@evenkeel/contracts/plugin";
import { keepConnection, type Line } from "./keep-connection.ts";

/** What may be done once the heartbeat account is logged in. */
export interface HeartbeatWork {
  write(seq: number): Promise<unknown>;
  read(): Promise<number | null>;
  check(): Promise<unknown>;
}

/**
 * Keeps the connection of a heartbeat account; one call at a time.
 *
 * @param context the agent's surroundings
 * @param begin connects and logs in over the session's socket
 */
export function keepHeartbeat(
  context: ProbeContext,
  begin: (line: Line) => Promise<HeartbeatWork>,
): HeartbeatSession {
  let isLoggedIn = false;
  let next: (work: HeartbeatWork) => Promise<unknown> = () => Promise.resolve();
  const session = keepConnection(context, async (line) => {
    const work = await begin(line);
    isLoggedIn = true;
    return () => next(work);
  });
  return {
    isLoggedIn: () => isLoggedIn,
    async write(seq) {
      next = (work) => work.write(seq);
      await session.probe();
    },
    async read() {
      let held: number | null = null;
      next = async (work) => {
        held = await work.read();
      };
      await session.probe();
      return held;
    },
    async check() {
      next = (work) => work.check();
      await session.probe();
    },
    destroy: () => session.destroy(),
  };
}
