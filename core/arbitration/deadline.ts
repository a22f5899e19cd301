import { isOwedNow } from "./held-routes.ts";
import { isHeard } from "./sight.ts";
import { type InstanceState, type MonitorState, OWED_RESEND_MS, RESEND_MS, WATCHFUL_MS } from "./state.ts";
import { computeRunDeadline } from "./switch-steps.ts";
import { listConnected } from "./work.ts";

/**
 * Computes when the object has to look again by itself: the earliest deadline of all. It may be served late without
 * harm, because what decides is measured by the agents [SAFE-10].
 *
 * @param state the instance
 * @param now control plane's clock in ms
 * @returns time in ms since 1970; null: nothing is waiting
 */
export function computeNextDeadline(state: InstanceState, now: number): number | null {
  let next = Number.POSITIVE_INFINITY;
  let trouble = false;
  for (const monitor of state.monitors.list) {
    next = Math.min(next, computeMonitorDeadline(state, monitor, now));
    trouble ||= monitor.route.phase !== "retired" && hasTrouble(monitor);
  }
  const missing = state.plan.monitors.length > 0 && !isComplete(state, now);
  if (trouble || missing) next = Math.min(next, now + WATCHFUL_MS, computeSilence(state, now));
  if (next === Number.POSITIVE_INFINITY) return null;
  // What is due and was not settled by the decision before this will not be settled by looking again at once.
  return next > now ? next : now + RESEND_MS;
}

function computeMonitorDeadline(state: InstanceState, monitor: MonitorState, now: number): number {
  const { asking, askAgainAtMs, run, rearmAtMs } = monitor;
  const runDeadline = run === null ? null : computeRunDeadline(run, listConnected(state));
  return Math.min(
    asking?.deadlineMs ?? Number.POSITIVE_INFINITY,
    asking === null && askAgainAtMs > now ? askAgainAtMs : Number.POSITIVE_INFINITY,
    runDeadline ?? Number.POSITIVE_INFINITY,
    run === null && rearmAtMs !== null ? rearmAtMs : Number.POSITIVE_INFINITY,
    isOwedNow(state, monitor, now) ? monitor.sentAtMs + OWED_RESEND_MS : Number.POSITIVE_INFINITY,
  );
}

/** When the next agent falls silent, or the next site has been unheard for long enough to be judged. */
function computeSilence(state: InstanceState, now: number): number {
  const { silentAfterMs, siteTimeoutMs } = state.plan.settings;
  const due = Object.values(state.agents).flatMap((agent) => [
    ...(agent.connected ? [agent.heardAtMs + silentAfterMs + 1] : []),
    agent.heardAtMs + siteTimeoutMs,
  ]);
  return Math.min(...due.filter((atMs) => atMs > now), Number.POSITIVE_INFINITY);
}

/**
 * While something is wrong the object looks every few seconds, which also keeps it in memory: an object that is evicted
 * in the middle of an outage would have to wait until it may count absence again [SAFE-3].
 */
function isComplete(state: InstanceState, now: number): boolean {
  return Object.values(state.agents).every((agent) => isHeard(agent, state, now));
}

function hasTrouble(monitor: MonitorState): boolean {
  if (monitor.alarm !== null || monitor.fork !== null) return true;
  return Object.values(monitor.observations).some((seen) =>
    Object.values(seen).some((one) => one.observation.failing !== null),
  );
}
