import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import type { KeptAddress } from "./keep-address.ts";

/** How the probe of one of several addresses ended. */
export interface AddressOutcome {
  readonly address: string;
  readonly outcome: ProbeOutcome;
}

/**
 * Asks all, and waits for all, or for the first answer once the patience is over.
 *
 * @param kept the addresses
 * @param patienceMs how long all are waited for, in milliseconds
 * @param limitMs how long any is waited for, in milliseconds; left out: the agent's own deadline is the limit
 */
export function gather(
  kept: readonly KeptAddress[],
  patienceMs: number,
  limitMs?: number,
): Promise<AddressOutcome[]> {
  return new Promise((resolve) => {
    const startedAtMs = performance.now();
    const ended = new Map<KeptAddress, ProbeOutcome>();
    let isPatient = true;
    let isOver = false;
    let isLate = false;

    const conclude = () => {
      const hasAnswer = [...ended.values()].some((outcome) => outcome.type === "answered");
      if (isOver || (ended.size < kept.length && !isLate && (isPatient || !hasAnswer))) return;
      isOver = true;
      clearTimeout(timer);
      clearTimeout(limit);
      resolve(kept.map((one) => ({ address: one.address, outcome: ended.get(one) ?? giveUp(one) })));
    };
    const giveUp = (one: KeptAddress): ProbeOutcome => {
      one.destroy();
      return { type: "timed-out", afterMs: performance.now() - startedAtMs };
    };
    const timer = setTimeout(() => {
      isPatient = false;
      conclude();
    }, patienceMs);
    const giveUpAll = () => {
      isLate = true;
      conclude();
    };
    // An answer may lie in a socket already that a busy process has not read: one poll phase reads it [SAFE-10].
    const limit = limitMs === undefined ? undefined : setTimeout(() => setImmediate(giveUpAll), limitMs);
    for (const one of kept) {
      void one.probe().then((outcome) => {
        ended.set(one, outcome);
        conclude();
      });
    }
  });
}
