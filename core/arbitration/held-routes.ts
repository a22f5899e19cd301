import { holdsRoute } from "../switching/acknowledged.ts";
import { renderRouteWrite } from "../switching/route-writes.ts";
import { listReachableStores } from "./facts.ts";
import { findPlanned } from "./find-planned.ts";
import { findMonitor } from "./monitor-rows.ts";
import { type InstanceState, type MonitorState, OWED_RESEND_MS } from "./state.ts";
import { setMonitor, type Work } from "./work.ts";

/**
 * Sends a monitor's route to all connected agents; whoever reaches a store writes it, compare-and-swap decides.
 *
 * @param work the work
 * @param monitor the monitor's row
 */
export function sendRoute(work: Work, monitor: MonitorState): void {
  work.writes.set(monitor.id, renderRouteWrite(monitor));
  setMonitor(work, { ...monitor, sentAtMs: work.now });
}

/**
 * Lists the stores that do not have a monitor's present route yet.
 *
 * @param instance the instance
 * @param monitor the monitor's row
 */
export function listOwed(instance: InstanceState, monitor: MonitorState): string[] {
  return instance.plan.stores.map((store) => store.id).filter((store) => !holdsRoute(monitor, store));
}

/**
 * Sends a route again that a reachable store has not acknowledged: a store that was down at a switch gets it as soon as
 * an agent reaches it. Inside of a switch its steps do that, faster.
 *
 * @param work the work
 * @param monitorId the monitor
 */
export function sendOwed(work: Work, monitorId: string): void {
  const monitor = findMonitor(work.instance, monitorId);
  if (monitor === undefined || !isOwedNow(work.instance, monitor, work.now)) return;
  if (work.now - monitor.sentAtMs >= OWED_RESEND_MS) sendRoute(work, monitor);
}

/**
 * Tells whether a route waits to be sent again: some reachable store has not got it.
 *
 * @param instance the instance
 * @param monitor the monitor's row
 * @param now control plane's clock in ms
 */
export function isOwedNow(instance: InstanceState, monitor: MonitorState, now: number): boolean {
  if (monitor.run !== null || monitor.fork !== null) return false;
  if (findPlanned(instance, monitor.id)?.switchable === false) return false;
  const owed = listOwed(instance, monitor);
  return owed.length > 0 && listReachableStores(instance, now).some((store) => owed.includes(store));
}

/**
 * Forgets what a store holds: it was out of everybody's reach, and may have come back from a backup.
 *
 * @param work the work
 * @param store id of the store
 */
export function forgetHeld(work: Work, store: string): void {
  for (const monitor of work.instance.monitors.list) {
    if (monitor.stores[store] === undefined) continue;
    const { [store]: gone, ...stores } = monitor.stores;
    // Sent at once: the time of the last sending no longer counts.
    setMonitor(work, { ...monitor, stores, sentAtMs: 0 });
  }
}
