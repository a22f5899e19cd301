import type { TimeMark } from "@evenkeel/contracts/event";
import { because } from "@evenkeel/contracts/sentences";
import { listOwed, sendRoute } from "./held-routes.ts";
import { findMonitor } from "./monitor-rows.ts";
import { recordEvent } from "./record-event.ts";
import { type MonitorState, REMEMBERED_MAX, type Reply, TIME_MARKS_MAX } from "./state.ts";
import { answerCommand, setMonitor, type Work } from "./work.ts";

/**
 * Ends a switch that every reachable store has. Stores that cannot be reached are owed it.
 *
 * @param work the work
 * @param monitor the monitor's row with its run
 */
export function finishSwitch(work: Work, monitor: MonitorState): void {
  const run = monitor.run;
  if (run === null) return;
  const finished: TimeMark = { mark: "finished", atMs: work.now, who: null, words: `epoch ${run.epoch}` };
  const timeLine = [...run.timeLine, finished].slice(-TIME_MARKS_MAX);
  const isAccess = run.kind === "access";
  recordEvent(work, {
    type: isAccess ? "access-changed" : "switch-finished",
    level: "info",
    because: because(isAccess ? "access-finished" : "switch-finished", { to: run.to, epoch: run.epoch }),
    monitorId: monitor.id,
    dataCentre: run.to,
    decision: run.decision,
    epoch: run.epoch,
    timeLine,
    rtoMs: isAccess ? null : computeRtoMs(timeLine),
  });
  answerRun(work, monitor, true);
  const settled = findMonitor(work.instance, monitor.id) ?? monitor;
  const done = armIfDue(work, { ...settled, run: null, asking: null });
  setMonitor(work, done);
  // Where a store is out of reach, its agents tell applications the route, once they know that it stands elsewhere.
  if (listOwed(work.instance, done).length > 0) sendRoute(work, done);
}

/**
 * Computes the recovery time of a switch from its time line: from the first failed probe, or from a person's decision,
 * to the last store that took the route, or the last process that followed it.
 *
 * @param timeLine the marks
 * @returns milliseconds; null while no store has the route
 */
export function computeRtoMs(timeLine: readonly TimeMark[]): number | null {
  const at = (...names: readonly TimeMark["mark"][]) =>
    timeLine.filter((one) => names.includes(one.mark)).map((one) => one.atMs);
  const begins = at("first-failed-probe");
  const starts = begins.length > 0 ? begins : at("announced", "decided");
  const ends = at("route-written", "process-followed");
  if (starts.length === 0 || ends.length === 0) return null;
  return Math.max(0, Math.max(...ends) - Math.min(...starts));
}

/** Arms a monitor that was switched back long enough ago. */
export function armIfDue(work: Work, monitor: MonitorState): MonitorState {
  if (monitor.rearmAtMs === null || monitor.run !== null || work.now < monitor.rearmAtMs) return monitor;
  recordEvent(work, { type: "armed", level: "info", because: because("armed-again"), monitorId: monitor.id });
  return { ...monitor, armed: true, rearmAtMs: null };
}

/**
 * Answers the command behind a running switch.
 *
 * @param work the work
 * @param monitor the monitor's row with its run
 * @param final whether the switch is done
 */
export function answerRun(work: Work, monitor: MonitorState, final: boolean): void {
  const run = monitor.run;
  if (run === null || run.idempotencyKey === null) return;
  const reply: Reply = {
    ok: true,
    result: {
      monitorId: monitor.id,
      status: final ? "done" : "running",
      epoch: run.epoch,
      decision: run.decision,
      active: run.to,
      because: run.because,
    },
  };
  settleCommand(work, monitor.id, run.idempotencyKey, reply, final);
}

/**
 * Answers a command and remembers the answer, so that the same idempotency key gets the same one.
 *
 * @param work the work
 * @param monitorId the monitor
 * @param key the command's idempotency key
 * @param reply the answer
 * @param final whether it is the last word
 */
export function settleCommand(
  work: Work,
  monitorId: string,
  key: string,
  reply: Reply,
  final: boolean,
): void {
  answerCommand(work, monitorId, key, reply, final);
  const monitor = findMonitor(work.instance, monitorId);
  if (monitor === undefined) return;
  const others = monitor.remembered.filter((entry) => entry.key !== key);
  setMonitor(work, { ...monitor, remembered: [...others, { key, reply }].slice(-REMEMBERED_MAX) });
}
