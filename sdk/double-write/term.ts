import type { Route } from "@evenkeel/contracts/route";

/** The time for which one data centre was active without interruption, as far as this process can tell. */
export interface Term {
  readonly active: string;
  /** Of the last route that belongs to it. */
  readonly epoch: number;
  readonly decision: string;
}

/**
 * Names the term of a route.
 *
 * @param route the route
 */
export function termOf({ active, epoch, decision }: Route): Term {
  return { active, epoch, decision };
}

/**
 * Judges whether a route goes on with a term, so that what was written in it may still be copied. A flag that is set by
 * hand makes a new epoch too, so the same data centre must be active and no route may have been missed: while one was,
 * another data centre may have been active and have taken newer writes (docs/decisions/0014).
 *
 * @param term what was written in
 * @param route what is followed now
 */
export function continuesTerm(term: Term, route: Route): boolean {
  if (route.active !== term.active) return false;
  if (route.epoch === term.epoch) return route.decision === term.decision;
  return route.epoch === term.epoch + 1 && route.after === term.decision;
}
