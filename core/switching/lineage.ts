import type { Route } from "@evenkeel/contracts/route";

/** How a route in a store stands to the one that is to be written there [SAFE-1]. */
export type Lineage = "same" | "behind" | "ahead" | "fork";

/**
 * Compares the route in a store with the one that is to stand there.
 *
 * @param stored the route in the store; null: none yet
 * @param wanted the route to be written
 * @param ancestors decisions that `wanted` descends from, newest first
 * @returns `same`: nothing to do. `behind`: the store is to be brought up. `ahead`: the store's route is the immediate
 *   successor of ours, so ours is the old one. `fork`: neither descends from the other, nothing may be written
 */
export function compareLineage(stored: Route | null, wanted: Route, ancestors: readonly string[]): Lineage {
  if (stored === null) return "behind";
  if (stored.epoch === wanted.epoch) return stored.decision === wanted.decision ? "same" : "fork";
  if (stored.epoch < wanted.epoch) return ancestors.includes(stored.decision) ? "behind" : "fork";
  return stored.after === wanted.decision ? "ahead" : "fork";
}
