import type { MonitorState } from "../arbitration/state.ts";

/**
 * Tells whether a store is known to hold a monitor's present route.
 *
 * @param monitor the monitor's row
 * @param store id of the store
 */
export function holdsRoute(monitor: MonitorState, store: string): boolean {
  return monitor.stores[store]?.decision === monitor.route.decision;
}

/**
 * Tells whether any store is known to hold a monitor's present route: only then it is more than an intention.
 *
 * @param monitor the monitor's row
 */
export function isAcknowledged(monitor: MonitorState): boolean {
  return Object.keys(monitor.stores).some((store) => holdsRoute(monitor, store));
}
