import type { PlannedMonitor } from "@evenkeel/contracts/plan";
import { type AccessFlags, type Route, TRAIL_MAX } from "@evenkeel/contracts/route";

/** Most characters of a route's reason. */
const REASON_MAX = 1000;

/** What a new route is made from. */
export interface NewRoute {
  readonly epoch: number;
  readonly decision: string;
  readonly active: string;
  readonly dataCentres: Readonly<Record<string, AccessFlags>>;
  readonly reason: string;
  readonly decidedBy: string;
  /** Absent: `stable`. */
  readonly phase?: Route["phase"];
  /** Absent: no switch is announced. */
  readonly announced?: Route["announced"];
  /** Control plane's clock, ms since 1970: for display only. */
  readonly now: number;
}

/**
 * Makes the successor of a route.
 *
 * @param before the route that it replaces
 * @param change what is new
 * @returns the new route; its `after` is the decision that it replaces [SAFE-1]
 */
export function succeedRoute(before: Route, change: NewRoute): Route {
  return {
    v: 1,
    epoch: change.epoch,
    decision: change.decision,
    after: before.decision,
    trail: [before.decision, ...(before.trail ?? [])].slice(0, TRAIL_MAX),
    active: change.active,
    ...(change.announced === undefined ? {} : { announced: change.announced }),
    phase: change.phase ?? "stable",
    dataCentres: { ...change.dataCentres },
    reason: change.reason.slice(0, REASON_MAX),
    decidedBy: change.decidedBy,
    decidedAt: new Date(change.now).toISOString(),
  };
}

/**
 * Makes the first route of a monitor: its home is active, everything readable and writable.
 *
 * @param planned the monitor
 * @param decision id of this decision
 * @param reason the sentence that explains it
 * @param now control plane's clock in ms, for display
 * @returns the route with epoch 1
 */
export function createRoute(planned: PlannedMonitor, decision: string, reason: string, now: number): Route {
  return {
    v: 1,
    epoch: 1,
    decision,
    after: null,
    active: planned.home,
    phase: "stable",
    dataCentres: computeFlags(planned, {}),
    reason,
    decidedBy: "plan",
    decidedAt: new Date(now).toISOString(),
  };
}

/**
 * Computes the access flags for the data centres of a plan: known ones keep theirs, new ones are open.
 *
 * @param planned the monitor
 * @param known flags so far
 * @returns flags for exactly the planned data centres
 */
export function computeFlags(
  planned: PlannedMonitor,
  known: Readonly<Record<string, AccessFlags>>,
): Record<string, AccessFlags> {
  return Object.fromEntries(
    planned.dataCentres.map((dc) => [dc.name, known[dc.name] ?? { readable: true, writable: true }]),
  );
}
