import type { Because } from "@evenkeel/contracts/event";
import { because } from "@evenkeel/contracts/sentences";
import { beginSteps } from "../steps/machine.ts";
import { startPlannedSwitch } from "./announce.ts";
import { ask, isAnswered } from "./asking.ts";
import { checkCandidate, computeHealthyForMs } from "./candidate.ts";
import { findMonitor } from "./monitor-rows.ts";
import type { OperatorSwitch } from "./persons-switch.ts";
import type { Case, SwitchRun } from "./state.ts";
import { SWITCH_STEPS } from "./switch-steps.ts";
import { tellBlocked } from "./tell-blocked.ts";
import { findCase, setMonitor, type Work } from "./work.ts";

/**
 * Begins a person's switch: everybody is asked for the present state before anything moves.
 *
 * @param work the work
 * @param subject the case; no switch of it is running
 * @param order what is ordered
 * @param batch the batch that it belongs to; null: none
 */
export function beginPrecheck(
  work: Work,
  subject: Case,
  order: OperatorSwitch,
  batch: SwitchRun["batch"],
): void {
  const { monitor } = subject;
  const { to, who } = order;
  const run: SwitchRun = {
    kind: "operator",
    position: beginSteps(SWITCH_STEPS.operator),
    from: monitor.route.active,
    to,
    epoch: 0,
    decision: "",
    because: because("operator-precheck", { who, dc: monitor.route.active, to }),
    principal: who,
    idempotencyKey: order.idempotencyKey,
    reason: order.reason,
    planVersion: work.instance.plan.version,
    startedAtMs: work.now,
    batch,
    timeLine: [],
  };
  ask(work, { ...subject, monitor: { ...monitor, run } }, "precheck");
}

/**
 * Tells whether a monitor waits for the answers of its precheck.
 *
 * @param run its run, if any
 */
export function isPrecheck(run: SwitchRun | null): run is SwitchRun {
  return run !== null && run.position.step === "precheck";
}

/**
 * Goes on with a switch that waits for its precheck, once its question is answered: it starts, or it is refused with
 * the first blocker. Members of a batch wait for each other: one blocker and none of them moves.
 *
 * @param work the work
 * @param monitorId the monitor
 */
export function endPrecheck(work: Work, monitorId: string): void {
  const monitor = findMonitor(work.instance, monitorId);
  if (monitor === undefined || !isPrecheck(monitor.run)) return;
  const { batch } = monitor.run;
  const ids = batch === null ? [monitorId] : listMembers(work, batch.key);
  const subjects = ids.flatMap((id) => findCase(work, id) ?? []);
  if (!subjects.every(isSettled)) return;
  const blockers = new Map<string, Because>();
  for (const subject of subjects) {
    const why = findBlocker(subject);
    if (why !== null) blockers.set(subject.monitor.id, why);
  }
  // A member that is gone (its route was taken over from a store, or it was deleted) blocks the others too.
  const missing = batch === null ? 0 : batch.size - subjects.length;
  const blocked = blockers.size + missing;
  for (const subject of subjects) {
    if (blocked === 0) startOperatorSwitch(work, subject);
    else {
      const held = because("batch-blocked", { blocked, all: batch?.size ?? 1 });
      block(work, subject, blockers.get(subject.monitor.id) ?? held);
    }
  }
}

function listMembers(work: Work, key: string): string[] {
  return work.instance.monitors.list
    .filter((monitor) => isPrecheck(monitor.run) && monitor.run.batch?.key === key)
    .map((monitor) => monitor.id);
}

function isSettled(subject: Case): boolean {
  const { asking } = subject.monitor;
  return asking === null || isAnswered(asking, subject);
}

function block(work: Work, subject: Case, why: Because): void {
  const { monitor } = subject;
  const { run } = monitor;
  if (run === null) return;
  setMonitor(work, { ...monitor, run: null, asking: null });
  tellBlocked(work, monitor, run, why);
}

function findBlocker(subject: Case): Because | null {
  const { planned, monitor, instance } = subject;
  const to = monitor.run?.to ?? "";
  const target = planned.dataCentres.find((dc) => dc.name === to);
  if (target === undefined) return because("data-centre-unknown", { dc: to });
  if ((monitor.asking?.reachableStores.length ?? 0) === 0) return because("store-none");
  const check = checkCandidate(subject, target, "answers");
  if (!check.fit) return check.why;
  if (to !== planned.home) return null;
  const needMs = instance.plan.settings.switchBackHealthMs;
  const forMs = computeHealthyForMs(subject, target);
  if (forMs >= needMs) return null;
  return because("home-not-proven", { to, forS: Math.floor(forMs / 1000), needS: Math.ceil(needMs / 1000) });
}

function startOperatorSwitch(work: Work, subject: Case): void {
  const { run } = subject.monitor;
  if (run === null) return;
  const free = { ...subject, monitor: { ...subject.monitor, run: null, asking: null } };
  const { to, principal: who, idempotencyKey, reason } = run;
  startPlannedSwitch(work, free, {
    to,
    who,
    idempotencyKey: idempotencyKey ?? "",
    reason: reason ?? "",
  });
}
