import type { Because, TimeMark } from "@evenkeel/contracts/event";
import type { AccessFlags } from "@evenkeel/contracts/route";
import { because } from "@evenkeel/contracts/sentences";
import { computeFlags, succeedRoute } from "../switching/route.ts";
import { renderRouteWrite } from "../switching/route-writes.ts";
import { listReachableStores } from "./facts.ts";
import {
  ANCESTORS_MAX,
  type Case,
  DAY_MS,
  type MonitorState,
  REMEMBERED_MAX,
  RESEND_MS,
  type Reply,
  type SwitchRun,
  TIME_MARKS_MAX,
} from "./state.ts";
import { answerCommand, listConnected, recordEvent, setMonitor, type Work } from "./work.ts";

/** What is to be changed, decided by a rule or by a person. */
export interface RouteChange {
  readonly kind: SwitchRun["kind"];
  readonly to: string;
  readonly flags: Readonly<Record<string, AccessFlags>>;
  /** Explains the change; gets the new epoch. */
  readonly because: (epoch: number) => Because;
  /** Rule id, or `operator:<name>`. */
  readonly principal: string;
  readonly idempotencyKey: string | null;
  readonly timeLine: readonly TimeMark[];
}

/**
 * Decides a change of a route: a new epoch after the present one [SAFE-1], stored before anything is sent [SAFE-7].
 *
 * @param work the work on the present event
 * @param subject the case
 * @param change what changes
 */
export function startChange(work: Work, subject: Case, change: RouteChange): void {
  const { monitor, planned } = subject;
  const epoch = Math.max(monitor.route.epoch, monitor.fork?.epoch ?? 0) + 1;
  const decision = work.newId("dec");
  const why = change.because(epoch);
  const route = succeedRoute(monitor.route, {
    epoch,
    decision,
    active: change.to,
    dataCentres: change.flags,
    reason: why.text,
    decidedBy: change.principal,
    now: work.now,
  });
  const decided: TimeMark = { mark: "decided", atMs: work.now, who: null, words: why.text };
  const run: SwitchRun = {
    kind: change.kind,
    step: "write-route",
    from: monitor.route.active,
    to: change.to,
    epoch,
    decision,
    because: why,
    principal: change.principal,
    idempotencyKey: change.idempotencyKey,
    reason: null,
    planVersion: work.instance.plan.version,
    startedAtMs: work.now,
    sentAtMs: work.now,
    stored: [],
    timeLine: [...change.timeLine, decided].slice(-TIME_MARKS_MAX),
  };
  const forkAncestors = monitor.fork === null ? [] : [monitor.fork.decision];
  const next: MonitorState = {
    ...monitor,
    route,
    ancestors: [monitor.route.decision, ...forkAncestors, ...monitor.ancestors].slice(0, ANCESTORS_MAX),
    fork: null,
    asking: null,
    alarm: null,
    run,
    ...computeArming(work, subject, change),
  };
  setMonitor(work, next);
  recordEvent(work, {
    type: change.kind === "access" ? "access-changed" : "switch-decided",
    level: change.kind === "automatic" ? "critical" : "major",
    because: why,
    monitorId: planned.id,
    dataCentre: change.to,
    decision,
    epoch,
    timeLine: run.timeLine,
  });
  sendRoute(work, next);
  answerRun(work, next, false);
}

/** Armed means: active is the home, and nothing has switched since it was armed [SAFE-6]. */
function computeArming(work: Work, subject: Case, change: RouteChange): Partial<MonitorState> {
  const { monitor, planned } = subject;
  if (change.kind === "access") return {};
  if (change.kind === "automatic") {
    const kept = monitor.automaticAtMs.filter((at) => work.now - at < DAY_MS);
    return { armed: false, rearmAtMs: null, automaticAtMs: [...kept, work.now] };
  }
  const rearmAfterMs = work.instance.plan.settings.rearmAfterMs;
  return { armed: false, rearmAtMs: change.to === planned.home ? work.now + rearmAfterMs : null };
}

/**
 * Flags after a switch: the side that an automatic switch leaves is no longer readable until a person says so.
 *
 * @param subject the case
 * @param automatic whether a rule decided
 */
export function computeFlagsAfter(subject: Case, automatic: boolean): Record<string, AccessFlags> {
  const flags = computeFlags(subject.planned, subject.monitor.route.dataCentres);
  const left = subject.monitor.route.active;
  const old = flags[left];
  if (automatic && old !== undefined) flags[left] = { ...old, readable: false };
  return flags;
}

/** Sends a monitor's route to all connected agents; whoever reaches a store writes it, compare-and-swap decides. */
export function sendRoute(work: Work, monitor: MonitorState): void {
  const agentIds = listConnected(work.instance);
  if (agentIds.length > 0)
    work.effects.push({ type: "write-routes", agentIds, writes: [renderRouteWrite(monitor)] });
}

/**
 * Notes that a store has the route of a running switch, and ends the switch once every reachable store has it.
 *
 * @param work the work
 * @param monitor the monitor's row, with a run of this epoch
 * @param store the store
 * @param words who wrote it and how long that took
 */
export function noteStored(work: Work, monitor: MonitorState, store: string, words: string): void {
  const run = monitor.run;
  if (run === null || run.stored.includes(store)) return;
  const mark: TimeMark = { mark: "route-written", atMs: work.now, who: store, words };
  const timeLine = [...run.timeLine, mark].slice(-TIME_MARKS_MAX);
  const next = {
    ...monitor,
    run: { ...run, step: "verify" as const, stored: [...run.stored, store], timeLine },
  };
  setMonitor(work, next);
  finishIfDone(work, next);
}

/**
 * Ends a switch that every reachable store has. Stores that cannot be reached are owed: their agents get the route on connect.
 *
 * @param work the work
 * @param monitor the monitor's row
 */
export function finishIfDone(work: Work, monitor: MonitorState): void {
  const run = monitor.run;
  if (run === null || run.stored.length === 0) return;
  const open = listReachableStores(work.instance, work.now).filter((store) => !run.stored.includes(store));
  if (open.length > 0) return;
  const finished: TimeMark = { mark: "finished", atMs: work.now, who: null, words: `epoch ${run.epoch}` };
  const timeLine = [...run.timeLine, finished].slice(-TIME_MARKS_MAX);
  recordEvent(work, {
    type: run.kind === "access" ? "access-changed" : "switch-finished",
    level: "info",
    because: because(run.kind === "access" ? "access-finished" : "switch-finished", {
      to: run.to,
      epoch: run.epoch,
    }),
    monitorId: monitor.id,
    dataCentre: run.to,
    decision: run.decision,
    epoch: run.epoch,
    timeLine,
  });
  answerRun(work, { ...monitor, run: { ...run, timeLine } }, true);
  const settled = work.instance.monitors[monitor.id] ?? monitor;
  setMonitor(work, armIfDue(work, { ...settled, run: null }));
}

/** Arms a monitor that was switched back long enough ago. */
export function armIfDue(work: Work, monitor: MonitorState): MonitorState {
  if (monitor.rearmAtMs === null || monitor.run !== null || work.now < monitor.rearmAtMs) return monitor;
  recordEvent(work, { type: "armed", level: "info", because: because("armed-again"), monitorId: monitor.id });
  return { ...monitor, armed: true, rearmAtMs: null };
}

/** Sends the route of a running switch again when no answer has come for a while; repeating it is harmless. */
export function resendIfDue(work: Work, monitor: MonitorState): void {
  const run = monitor.run;
  if (run === null || run.step === "precheck" || work.now - run.sentAtMs < RESEND_MS) return;
  const next = { ...monitor, run: { ...run, sentAtMs: work.now } };
  setMonitor(work, next);
  sendRoute(work, next);
}

function answerRun(work: Work, monitor: MonitorState, final: boolean): void {
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
  answerCommand(work, monitor.id, run.idempotencyKey, reply, final);
  setMonitor(
    work,
    remember({ ...(work.instance.monitors[monitor.id] ?? monitor) }, run.idempotencyKey, reply),
  );
}

/**
 * Remembers the answer to a command, so that the same idempotency key gets the same answer.
 *
 * @param monitor the monitor's row
 * @param key the command's idempotency key
 * @param reply the answer
 */
export function remember(monitor: MonitorState, key: string, reply: Reply): MonitorState {
  const others = monitor.remembered.filter((entry) => entry.key !== key);
  return { ...monitor, remembered: [...others, { key, reply }].slice(-REMEMBERED_MAX) };
}
