import type { ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import { gather } from "./gather-outcomes.ts";
import { keepAddress, type OpenAddress } from "./keep-address.ts";
import { createError } from "./keep-connection.ts";
import type { Meanings } from "./meaning.ts";
import { ABANDONED } from "./network-errors.ts";

/** Share of the access timeout after which one address' answer suffices, and the silent ones count as timed out. */
const PATIENCE_SHARE = 0.5;

/**
 * Keeps a connection to each of a target's addresses. With one address it is that address' session. With several, all
 * are asked at the same time and the sample is a list of {@link AddressOutcome}: each address fails on its own and is
 * connected anew at the next probe, and one that hangs delays the others' answers by half the access timeout at most.
 * Where none answers in time the agent's own deadline ends the probe.
 *
 * @param context the agent's surroundings
 * @param addresses at least one
 * @param open opens the session of one address
 * @param meanings the engine's codes, to know a refused login by
 */
export function keepAddresses(
  context: ProbeContext,
  addresses: readonly string[],
  open: OpenAddress,
  meanings: Meanings,
): ProbeSession {
  const [only] = addresses;
  if (only !== undefined && addresses.length === 1) return open(only, context);
  const kept = addresses.map((address) => keepAddress(context, address, open, meanings));
  let rejectInFlight: ((error: Error) => void) | null = null;
  let isDestroyed = false;
  let inspected: ProbeSession | null = null;
  return {
    probe: () =>
      new Promise((resolve, reject) => {
        if (isDestroyed) return reject(createError(ABANDONED, "the probe was given up"));
        rejectInFlight = reject;
        gather(kept, context.accessTimeoutMs * PATIENCE_SHARE).then(resolve, reject);
      }),
    // Whatever they have in common, the first tells as well as any.
    async inspect() {
      const [first = ""] = addresses;
      const session = open(first, { ...context, onClosed: () => undefined });
      inspected = session;
      if (session.inspect === undefined) throw createError(ABANDONED, "the kind tells no more");
      return await session.inspect().finally(() => session.destroy());
    },
    destroy() {
      isDestroyed = true;
      inspected?.destroy();
      for (const one of kept) one.destroy();
      rejectInFlight?.(createError(ABANDONED, "the probe was given up"));
    },
  };
}
