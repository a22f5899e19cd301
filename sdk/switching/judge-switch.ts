import type { Route } from "@evenkeel/contracts/route";

/** What a data source uses: a data centre, and whether it may write there. */
export interface Position {
  readonly dataCentre: string;
  readonly writable: boolean;
}

/** How a data source leaves the position that it had. */
export type Leaving =
  /** People decided, the old side works: what is under way may finish within the drain time. */
  | "drain"
  /** The old side is taken for dead: what is under way there would hang, so it is rejected at once. */
  | "abandon";

/** Who decides besides rules: people, and the plan that they confirmed. */
const PLANNED = /^(operator:|plan$)/;

/**
 * Reads from a route where to go.
 *
 * @param route the route
 * @returns the active data centre and whether it may be written; flags that are missing do not allow it
 */
export function positionOf(route: Route): Position {
  return {
    dataCentre: route.active,
    writable: route.dataCentres[route.active]?.writable ?? false,
  };
}

/**
 * Judges how to leave the old position for the one of a new route.
 *
 * @param from the position so far
 * @param route the new route
 * @returns how to leave, or null if the position stays
 */
export function judgeLeaving(from: Position, route: Route): Leaving | null {
  const to = positionOf(route);
  if (from.dataCentre === to.dataCentre) return from.writable === to.writable ? null : "drain";
  return PLANNED.test(route.decidedBy) ? "drain" : "abandon";
}
