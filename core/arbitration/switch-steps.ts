import { because } from "@evenkeel/contracts/sentences";
import { advance, computeStepDeadline, type StepDefinition, type StepSight } from "../steps/machine.ts";
import { holdsRoute, isAcknowledged } from "../switching/acknowledged.ts";
import { computeAnnouncementEnd } from "./announcement-end.ts";
import { listReachableStores } from "./facts.ts";
import { finishSwitch } from "./finish.ts";
import { sendRoute } from "./held-routes.ts";
import { findMonitor } from "./monitor-rows.ts";
import { recordEvent } from "./record-event.ts";
import { type Case, RESEND_MS, type SwitchRun } from "./state.ts";
import { findCase, listConnected, setMonitor, type Work } from "./work.ts";

/** A switch is prechecked, written by whoever reaches a store, and verified in every store that can be reached. */
const WRITE: readonly StepDefinition[] = [
  { id: "write-route", by: "everyone", repeatMs: RESEND_MS },
  { id: "verify", by: "everyone", repeatMs: RESEND_MS },
];

/** Where processes hold new writes, they are told first; what ends it is in announce.ts. */
const ANNOUNCE: StepDefinition = { id: "announce", by: "everyone", repeatMs: RESEND_MS };

/** The question of a precheck goes out with the command; an automatic switch has asked before it was decided. */
const PRECHECK: StepDefinition = { id: "precheck", by: "nobody", repeatMs: RESEND_MS };

/** The lists of steps, by kind of switch. A run keeps to the list of its kind until its end. */
export const SWITCH_STEPS: Readonly<Record<SwitchRun["kind"], readonly StepDefinition[]>> = {
  automatic: WRITE,
  force: WRITE,
  access: WRITE,
  announce: [ANNOUNCE],
  operator: [PRECHECK, ...WRITE],
};

/** Rule id of the alarm for a run whose step this version does not know. */
export const STUCK_ALARM = "step-unknown";

/**
 * Goes on with a monitor's running switch: acts that are due are sent, its end is recorded.
 *
 * @param work the work
 * @param monitorId the monitor
 */
export function driveSwitch(work: Work, monitorId: string): void {
  const run = findMonitor(work.instance, monitorId)?.run;
  if (run == null) return;
  const subject = findCase(work, monitorId);
  if (subject === null) return;
  const next = advance(SWITCH_STEPS[run.kind] ?? [], run.position, {
    now: work.now,
    available: listConnected(work.instance),
    look: (step) => lookAt(subject, step),
  });
  const monitor = { ...subject.monitor, run: { ...run, position: next.position } };
  switch (next.outcome) {
    case "ended":
      finishSwitch(work, monitor);
      return;
    case "unknown-step":
      holdStuck(work, subject, run);
      return;
    case "waiting":
      if (next.position !== run.position) setMonitor(work, monitor);
      if (next.act) sendRoute(work, monitor);
      return;
    case "failed":
    case "stranded":
      // Nobody can act: the next agent that connects is given every route, and the switch goes on.
      return;
  }
}

function lookAt(subject: Case, step: string): StepSight {
  const { monitor, instance, now } = subject;
  switch (step) {
    case "precheck":
      // A precheck is settled by its answers (precheck.ts), which also begins the next step.
      return { at: "waiting" };
    case "announce":
      // Ended by those who hold, or by time.
      return { at: "waiting" };
    case "write-route":
      return { at: isAcknowledged(monitor) ? "done" : "waiting" };
    default: {
      const open = listReachableStores(instance, now).filter((store) => !holdsRoute(monitor, store));
      return { at: open.length === 0 && isAcknowledged(monitor) ? "done" : "waiting" };
    }
  }
}

/** An unknown step after an upgrade: nothing is done, a person is told once [SAFE-7]. */
function holdStuck(work: Work, subject: Case, run: SwitchRun): void {
  const { monitor } = subject;
  if (monitor.alarm === STUCK_ALARM) return;
  setMonitor(work, { ...monitor, alarm: STUCK_ALARM });
  recordEvent(work, {
    type: "switch-stuck",
    level: "critical",
    because: because("step-unknown", { step: run.position.step, to: run.to }),
    monitorId: monitor.id,
    dataCentre: run.to,
    decision: run.decision,
    epoch: run.epoch,
  });
}

/**
 * When a running switch has to be looked at again by itself.
 *
 * @param run the switch
 * @param available agents that can act now
 * @returns control plane's clock in ms; null: nothing is due by itself
 */
export function computeRunDeadline(run: SwitchRun, available: readonly string[]): number | null {
  const due = computeStepDeadline(SWITCH_STEPS[run.kind] ?? [], run.position, available);
  if (run.kind !== "announce") return due;
  return Math.min(due ?? Number.POSITIVE_INFINITY, computeAnnouncementEnd(run));
}
