import { because } from "@evenkeel/contracts/sentences";
import { isAcknowledged } from "../switching/acknowledged.ts";
import { ask, isAnswered } from "./asking.ts";
import { chooseCandidate } from "./candidate.ts";
import { findMonitor } from "./monitor-rows.ts";
import { computeSight } from "./sight.ts";
import { ASK_AGAIN_MS, type Case } from "./state.ts";
import { startChange } from "./switching.ts";
import { findCase, setMonitor, type Work } from "./work.ts";

/**
 * Looks after an automatic switch that no store has taken yet: if its candidate fails meanwhile and another data centre
 * is fit, that one replaces it in a new epoch, after a question of its own [SAFE-8]. Once any store has acknowledged the
 * route, applications may follow it, and only a person moves it on.
 *
 * @param work the work
 * @param monitorId the monitor
 */
export function replaceCandidate(work: Work, monitorId: string): void {
  const row = findMonitor(work.instance, monitorId);
  // The usual case: nothing is under way.
  if (row?.run == null && row?.asking == null) return;
  const subject = findCase(work, monitorId);
  if (subject === null) return;
  const { monitor } = subject;
  if (!isReplaceable(subject)) {
    // A store has taken the switch meanwhile: the question has lost its subject.
    if (monitor.asking?.about === "replacement") setMonitor(work, { ...monitor, asking: null });
    return;
  }
  if (monitor.asking === null) {
    const isDown = computeSight(subject, monitor.route.active, "reports").verdict.verdict === "down";
    if (!isDown || work.now < monitor.askAgainAtMs) return;
    if (chooseCandidate(subject, "reports") !== null) ask(work, subject, "replacement");
    return;
  }
  if (!isAnswered(monitor.asking, subject)) return;
  const isDown = computeSight(subject, monitor.route.active, "answers").verdict.verdict === "down";
  const candidate = isDown ? chooseCandidate(subject, "answers") : null;
  if (candidate === null) {
    setMonitor(work, { ...monitor, asking: null, askAgainAtMs: work.now + ASK_AGAIN_MS });
    return;
  }
  const { route, run } = monitor;
  const to = candidate.dataCentre;
  startChange(
    work,
    { ...subject, monitor: { ...monitor, run: null, asking: null } },
    {
      kind: "automatic",
      to,
      flags: { ...route.dataCentres, [to]: { readable: true, writable: true } },
      because: (epoch) => because("candidate-replaced", { dc: route.active, to, epoch }),
      principal: run?.principal ?? "",
      idempotencyKey: null,
      timeLine: run?.timeLine ?? [],
      eventType: "switch-replaced",
    },
  );
}

function isReplaceable({ monitor }: Case): boolean {
  const { run, asking } = monitor;
  if (run?.kind !== "automatic" || isAcknowledged(monitor)) return false;
  return asking === null || asking.about === "replacement";
}
