import { because, type SentenceId } from "@evenkeel/contracts/sentences";
import { ask } from "./asking.ts";
import { findOpenWindow } from "./budget.ts";
import { computeFinding, type Finding, findActiveSite } from "./facts.ts";
import { nameSite } from "./find-planned.ts";
import { recordEvent } from "./record-event.ts";
import { findRule, type Rule } from "./rules.ts";
import { ASK_AGAIN_MS, type Case, type MonitorState } from "./state.ts";
import { computeFlagsAfter, startChange } from "./switching.ts";
import { computeTimeLine, countVouchers } from "./time-line.ts";
import { findCase, setMonitor, type Work } from "./work.ts";

/**
 * Applies the rule table to one monitor: finds the row for the facts and does what its outcome says.
 *
 * @param work the work on the present event
 * @param monitorId the monitor; one that is not planned is left alone
 */
export function evaluate(work: Work, monitorId: string): void {
  const subject = findCase(work, monitorId);
  if (subject === null) return;
  const finding = computeFinding(subject);
  const rule = findRule(finding.facts);
  const { monitor } = subject;
  switch (rule.outcome) {
    case "rest":
      setMonitor(work, settle(monitor, monitor.run === null ? null : monitor.asking));
      return;
    case "watch":
      return;
    case "alarm":
      raiseAlarm(work, subject, rule, finding);
      return;
    case "ask":
      // An alarm that stands goes on standing: asking again must not tell a person again.
      if (work.now >= monitor.askAgainAtMs) {
        ask(work, subject, finding.facts.target === "lost" ? "site" : "target");
      }
      return;
    case "drop":
      setMonitor(work, dropQuestion(subject, finding));
      return;
    case "record":
      raiseAlarm(work, subject, rule, finding);
      return;
    case "switch":
      switchByRule(work, subject, rule, finding);
      return;
  }
}

function settle(monitor: MonitorState, asking: MonitorState["asking"]): MonitorState {
  return monitor.alarm === null && monitor.asking === asking ? monitor : { ...monitor, alarm: null, asking };
}

function sentenceParams(subject: Case, finding: Finding): Record<string, string | number> {
  const name = (id: string) => nameSite(subject.instance, id);
  const sites = finding.sight.verdict.downSites.map(name);
  return {
    dc: subject.monitor.route.active,
    to: finding.candidate?.dataCentre ?? "?",
    site: name(findActiveSite(subject)),
    sites: sites.length === 0 ? "nowhere" : sites.join(" and "),
    epoch: subject.monitor.route.epoch + 1,
    reason: findOpenWindow(subject.planned, subject.now)?.reason ?? "",
  };
}

/** A person is told once per cause; the alarm stands until the target answers again or the cause changes. */
function raiseAlarm(work: Work, subject: Case, rule: Rule, finding: Finding): void {
  const { monitor } = subject;
  const asking = monitor.run === null && finding.facts.confirmation !== "pending" ? null : monitor.asking;
  const askAgainAtMs = monitor.asking === asking ? monitor.askAgainAtMs : work.now + ASK_AGAIN_MS;
  if (monitor.alarm === rule.id) {
    if (monitor.asking !== asking) setMonitor(work, { ...monitor, asking, askAgainAtMs });
    return;
  }
  setMonitor(work, { ...monitor, alarm: rule.id, asking, askAgainAtMs });
  recordEvent(work, {
    type:
      rule.outcome === "record"
        ? "would-switch"
        : rule.id === "ARB-04"
          ? "split-brain-suspected"
          : "one-click",
    level: "critical",
    because: because(rule.id as SentenceId, sentenceParams(subject, finding)),
    monitorId: monitor.id,
    dataCentre: monitor.route.active,
  });
}

/**
 * After a refuted question, observers that called the target down against a present answer from another site are
 * blind to it until they see it up again [SAFE-2].
 */
function dropQuestion(subject: Case, finding: Finding): MonitorState {
  const { monitor, now } = subject;
  const dropped = { ...monitor, asking: null, askAgainAtMs: now + ASK_AGAIN_MS };
  if (finding.facts.confirmation !== "refuted") return dropped;
  const wrongSites = finding.sight.verdict.downSites;
  const active = monitor.route.active;
  const observations = Object.fromEntries(
    Object.entries(monitor.observations).map(([agentId, seen]) => {
      const mine = seen[active];
      const wrong = wrongSites.includes(subject.instance.agents[agentId]?.site ?? "");
      return [
        agentId,
        wrong && mine !== undefined && mine.observation.failing !== null
          ? { ...seen, [active]: { ...mine, blinded: true } }
          : seen,
      ];
    }),
  );
  return { ...dropped, observations };
}

function switchByRule(work: Work, subject: Case, rule: Rule, finding: Finding): void {
  const { candidate } = finding;
  if (candidate === null) throw new Error(`rule ${rule.id} switches without a candidate`);
  const runs = Object.values(subject.monitor.asking?.answers ?? {})
    .flat()
    .filter((observation) => observation.dataCentre === subject.monitor.route.active)
    .flatMap((observation) => (observation.failing === null ? [] : [observation.failing]));
  const judged = subject.moment.sites().get(findActiveSite(subject));
  const params = {
    ...sentenceParams(subject, finding),
    forMs: Math.max(0, ...runs.map((run) => run.ageMs)),
    probes: Math.max(0, ...runs.map((run) => run.probes)),
    agents: countVouchers(subject, candidate.dataCentre),
    unheardS: Math.round((judged?.unheardForMs ?? 0) / 1000),
    refusals: Math.max(0, ...runs.map((run) => run.refusals)),
    loginS: Math.round(candidate.loginAgeMs / 1000),
  };
  startChange(work, subject, {
    kind: "automatic",
    to: candidate.dataCentre,
    flags: computeFlagsAfter(subject, true),
    because: (epoch) => because(rule.id as SentenceId, { ...params, epoch }),
    principal: rule.id,
    idempotencyKey: null,
    timeLine: computeTimeLine(subject, finding),
  });
}
