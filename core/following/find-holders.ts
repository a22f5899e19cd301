import type { Holders } from "../arbitration/announce.ts";
import type { RegisteredProcess } from "./process-list.ts";

/**
 * Finds how processes hold new writes when a switch is announced.
 *
 * @param processes every registered process
 * @returns by monitor; one that no process holds for is not named
 */
export function findHolders(processes: readonly RegisteredProcess[]): Record<string, Holders> {
  const holders: Record<string, Holders> = {};
  for (const { routes } of processes) {
    for (const [monitorId, { epoch, holdMs = 0, isDrained = false }] of Object.entries(routes)) {
      if (holdMs === 0) continue;
      const known = holders[monitorId];
      holders[monitorId] = {
        holdMs: Math.min(known?.holdMs ?? holdMs, holdMs),
        drainedEpoch: Math.min(known?.drainedEpoch ?? epoch, isDrained ? epoch : 0),
      };
    }
  }
  return holders;
}
