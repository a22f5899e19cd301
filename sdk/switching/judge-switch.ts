import type { Route } from "@evenkeel/contracts/route";

/** Who decides a position that the route allows and the write lease does not. */
export const LEASE = "lease";

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

/** What a route means for new work that may write. */
export type HoldVerdict =
  /** A planned switch has closed the active side for writes: what comes now may wait for the other one. */
  | "begin"
  /** Nothing is to be waited for (any more). */
  | "end"
  /** It stays as it is. */
  | "stay";

/**
 * Judges whether new work may wait for the end of a planned switch. A route says so by itself: it announces the switch, or
 * people, or the plan, took writing away from the active side where it was allowed before. What a rule decided is a failure, and nobody knows when
 * that ends; nor does a process that has just been started know for how long the side has been closed.
 *
 * @param from the position so far; null: this is the first route
 * @param route the new route
 */
export function judgeHold(from: Position | null, route: Route): HoldVerdict {
  const isPlanned = PLANNED.test(route.decidedBy) && route.phase === "stable";
  if (from !== null && isPlanned && announcesLeaving(from, route)) return "begin";
  if (from === null || positionOf(route).writable || !isPlanned) return "end";
  return from.writable ? "begin" : "stay";
}

/** Whether the route announces that the side which writes go to is about to be left. */
function announcesLeaving(from: Position, { active, announced }: Route): boolean {
  return announced !== undefined && announced.to !== active && from.dataCentre === active && from.writable;
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
  if (from.dataCentre === to.dataCentre && from.writable === to.writable) return null;
  // Who has no lease any more must not let a transaction write on: somebody else may write by now.
  if (route.decidedBy === LEASE) return "abandon";
  if (from.dataCentre === to.dataCentre) return "drain";
  return PLANNED.test(route.decidedBy) ? "drain" : "abandon";
}
