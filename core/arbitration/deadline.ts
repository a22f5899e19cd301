import { isHeard } from "./sight.ts";
import { type InstanceState, type MonitorState, RESEND_MS, WATCHFUL_MS } from "./state.ts";

/**
 * Computes when the object has to look again by itself: the earliest deadline of all. It may be served late without
 * harm, because what decides is measured by the agents [SAFE-10].
 *
 * @param state the instance
 * @param now control plane's clock in ms
 * @returns time in ms since 1970; null: nothing is waiting
 */
export function computeNextDeadline(state: InstanceState, now: number): number | null {
  const deadlines = Object.values(state.monitors).flatMap((monitor) => listDeadlines(monitor, now));
  if (isWatchful(state, now)) deadlines.push(now + WATCHFUL_MS);
  return deadlines.length === 0 ? null : Math.max(now, Math.min(...deadlines));
}

function listDeadlines(monitor: MonitorState, now: number): number[] {
  const deadlines: number[] = [];
  if (monitor.asking !== null) deadlines.push(monitor.asking.deadlineMs);
  if (monitor.asking === null && monitor.askAgainAtMs > now) deadlines.push(monitor.askAgainAtMs);
  if (monitor.run !== null && monitor.run.step !== "precheck")
    deadlines.push(monitor.run.sentAtMs + RESEND_MS);
  if (monitor.rearmAtMs !== null && monitor.run === null) deadlines.push(monitor.rearmAtMs);
  return deadlines;
}

/**
 * While something is wrong the object looks every few seconds, which also keeps it in memory: an object that is evicted
 * in the middle of an outage would have to wait until it may count absence again [SAFE-3].
 */
function isWatchful(state: InstanceState, now: number): boolean {
  const monitors = Object.values(state.monitors);
  if (monitors.some((monitor) => monitor.route.phase !== "retired" && hasTrouble(monitor))) return true;
  return (
    state.plan.monitors.length > 0 && Object.values(state.agents).some((agent) => !isHeard(agent, state, now))
  );
}

function hasTrouble(monitor: MonitorState): boolean {
  if (monitor.alarm !== null || monitor.fork !== null) return true;
  return Object.values(monitor.observations).some((seen) =>
    Object.values(seen).some((one) => one.observation.failing !== null),
  );
}
