import type { AgentState } from "../arbitration/state.ts";

/** Which agent tells the processes of a store, by store. */
export type Tellers = Readonly<Record<string, string>>;

/**
 * Chooses for each store one agent that tells its processes, so that they are told once and not by everybody. Whoever
 * tells goes on as long as it is connected and reaches the store.
 *
 * @param agents every agent
 * @param able ids of those that can tell of processes
 * @param present who tells now
 * @returns who is to tell; a store that nobody reaches is left out
 */
export function chooseTellers(
  agents: readonly AgentState[],
  able: ReadonlySet<string>,
  present: Tellers,
): Tellers {
  const chosen: Record<string, string> = {};
  for (const { id, connected, stores } of agents) {
    if (!connected || !able.has(id)) continue;
    for (const { store, reachable } of stores) {
      if (reachable && (chosen[store] === undefined || present[store] === id)) chosen[store] = id;
    }
  }
  return chosen;
}
