import type { Because, EventType, TimeMark } from "@evenkeel/contracts/event";
import type { AccessFlags } from "@evenkeel/contracts/route";
import { beginSteps } from "../steps/machine.ts";
import { computeFlags, succeedRoute } from "../switching/route.ts";
import { answerRun } from "./finish.ts";
import { findMonitor } from "./monitor-rows.ts";
import { recordEvent } from "./record-event.ts";
import {
  ANCESTORS_MAX,
  type Case,
  DAY_MS,
  type MonitorState,
  type SwitchRun,
  TIME_MARKS_MAX,
} from "./state.ts";
import { driveSwitch, SWITCH_STEPS } from "./switch-steps.ts";
import { setMonitor, type Work } from "./work.ts";

/** What is to be changed, decided by a rule or by a person. */
export interface RouteChange {
  readonly kind: SwitchRun["kind"];
  readonly to: string;
  readonly flags: Readonly<Record<string, AccessFlags>>;
  /** Explains the change; gets the new epoch. */
  readonly because: (epoch: number) => Because;
  /** Rule id, `operator:<name>` or `force:<name>`. */
  readonly principal: string;
  readonly idempotencyKey: string | null;
  /** A person's reason, where it is still needed; absent: none. */
  readonly reason?: string;
  /** The switch is announced only, and waited with so long: `to` becomes active with the next change. Absent: it is done. */
  readonly announced?: { readonly waitMs: number; readonly forMs: number };
  readonly timeLine: readonly TimeMark[];
  /** What the event is called; absent: `switch-decided` or `access-changed`. */
  readonly eventType?: EventType;
}

/**
 * Decides a change of a route: a new epoch after the present one [SAFE-1], stored before anything is sent [SAFE-7].
 *
 * @param work the work on the present event
 * @param subject the case
 * @param change what changes
 */
export function startChange(work: Work, subject: Case, change: RouteChange): void {
  const { monitor } = subject;
  const { announced } = change;
  const epoch = Math.max(monitor.route.epoch, monitor.fork?.epoch ?? 0) + 1;
  const decision = work.newId("dec");
  const why = change.because(epoch);
  const route = succeedRoute(monitor.route, {
    epoch,
    decision,
    active: announced === undefined ? change.to : monitor.route.active,
    ...(announced === undefined ? {} : { announced: { to: change.to, forMs: announced.forMs } }),
    dataCentres: change.flags,
    reason: why.text,
    decidedBy: change.principal,
    now: work.now,
  });
  const mark = (name: TimeMark["mark"], words: string): TimeMark => {
    return { mark: name, atMs: work.now, who: null, words };
  };
  const marks = [
    ...change.timeLine,
    mark(announced === undefined ? "decided" : "announced", why.text),
    mark("commanded", "every connected agent is told to write the route"),
  ];
  // A position that is past its precheck: what is decided is written next.
  const steps = SWITCH_STEPS[change.kind].filter((step) => step.by !== "nobody");
  const run: SwitchRun = {
    kind: change.kind,
    position: beginSteps(steps),
    from: monitor.route.active,
    to: change.to,
    epoch,
    decision,
    because: why,
    principal: change.principal,
    idempotencyKey: change.idempotencyKey,
    reason: change.reason ?? null,
    planVersion: work.instance.plan.version,
    startedAtMs: work.now,
    ...(announced === undefined ? {} : { announcedMs: announced.waitMs }),
    batch: null,
    timeLine: marks.slice(-TIME_MARKS_MAX),
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
  recordDecided(work, subject, change, run);
  driveSwitch(work, monitor.id);
  // Like a precheck, an announcement is not the decision that the order is about.
  if (announced === undefined) answerRun(work, findMonitor(work.instance, monitor.id) ?? next, false);
}

function recordDecided(work: Work, subject: Case, change: RouteChange, run: SwitchRun): void {
  recordEvent(work, {
    type: change.eventType ?? (change.kind === "access" ? "access-changed" : "switch-decided"),
    level: change.kind === "automatic" ? "critical" : "major",
    because: run.because,
    monitorId: subject.planned.id,
    dataCentre: change.to,
    decision: run.decision,
    epoch: run.epoch,
    timeLine: run.timeLine,
  });
}

/** Armed means: active is the home, and nothing has switched since it was armed [SAFE-6]. */
function computeArming(work: Work, subject: Case, change: RouteChange): Partial<MonitorState> {
  const { monitor, planned } = subject;
  if (change.kind === "access" || change.kind === "announce") return {};
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
