import type { Route } from "@evenkeel/contracts/route";

/** How a route in a store stands to the one that is to be written there [SAFE-1]. */
export type Lineage = "same" | "behind" | "ahead" | "fork";

/**
 * Compares the route in a store with the one that is to stand there.
 *
 * @param stored the route in the store; null: none yet
 * @param wanted the route to be written
 * @param ancestors decisions that `wanted` descends from, newest first
 * @returns `same`: nothing to do. `behind`: the store is to be brought up. `ahead`: the store's route
 *   descends from ours, as its trail says, so ours is the old one. `fork`: neither descends from the other, nothing may be written
 */
export function compareLineage(stored: Route | null, wanted: Route, ancestors: readonly string[]): Lineage {
  if (stored === null) return "behind";
  // Whoever keeps the decision's name and changes what it says has decided something else.
  const isOneDecision = stored.epoch === wanted.epoch && stored.decision === wanted.decision;
  if (isOneDecision && !saysTheSame(stored, wanted)) return "fork";
  if (stored.epoch === wanted.epoch) return stored.decision === wanted.decision ? "same" : "fork";
  if (stored.epoch < wanted.epoch) return ancestors.includes(stored.decision) ? "behind" : "fork";
  const isAhead = stored.after === wanted.decision || stored.trail?.includes(wanted.decision) === true;
  return isAhead ? "ahead" : "fork";
}

/**
 * Tells whether a route that lost a race, or was never stored anywhere, may give way to one in a store: both replace the
 * same decision, or one that ours descends from is in the other's trail.
 *
 * @param stored the route in the store
 * @param ours the route that no store is known to hold
 * @param ancestors decisions that ours descends from, newest first
 */
export function sharesAncestor(stored: Route, ours: Route, ancestors: readonly string[]): boolean {
  const known = new Set(ours.after === null ? ancestors : [ours.after, ...ancestors]);
  const trail = stored.after === null ? (stored.trail ?? []) : [stored.after, ...(stored.trail ?? [])];
  return trail.some((decision) => known.has(decision));
}

/** Whether both send everybody to the same place, with the same rights. */
function saysTheSame(one: Route, other: Route): boolean {
  if (one.active !== other.active || one.phase !== other.phase) return false;
  if (one.announced?.to !== other.announced?.to) return false;
  const names = new Set([...Object.keys(one.dataCentres), ...Object.keys(other.dataCentres)]);
  return [...names].every((name) => {
    const [mine, theirs] = [one.dataCentres[name], other.dataCentres[name]];
    return mine?.readable === theirs?.readable && mine?.writable === theirs?.writable;
  });
}
