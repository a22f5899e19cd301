import type { TimeMark } from "@evenkeel/contracts/event";
import { because, type SentenceId } from "@evenkeel/contracts/sentences";
import { ask } from "./asking.ts";
import { computeFinding, type Finding } from "./facts.ts";
import { findRule, type Rule } from "./rules.ts";
import { ASK_AGAIN_MS, type Case, type MonitorState } from "./state.ts";
import { computeFlagsAfter, startChange } from "./switching.ts";
import { findCase, recordEvent, setMonitor, type Work } from "./work.ts";

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
      if (work.now >= monitor.askAgainAtMs) putQuestion(work, subject);
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
  const names = new Map(subject.instance.plan.sites.map((site) => [site.id, site.name]));
  const sites = finding.sight.verdict.downSites.map((id) => names.get(id) ?? id);
  return {
    dc: subject.monitor.route.active,
    to: finding.candidate?.dataCentre ?? "?",
    sites: sites.length === 0 ? "nowhere" : sites.join(" and "),
    epoch: subject.monitor.route.epoch + 1,
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

function putQuestion(work: Work, subject: Case): void {
  const question = ask(subject, work.newId("ask"));
  // An alarm that stands goes on standing: asking again must not tell a person again.
  setMonitor(work, { ...subject.monitor, asking: question.asking });
  work.effects.push(question.effect);
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
  const params = {
    ...sentenceParams(subject, finding),
    forMs: Math.max(0, ...runs.map((run) => run.ageMs)),
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

/** The time line up to the decision, from the ages that the agents measured [SAFE-10]. */
function computeTimeLine(subject: Case, finding: Finding): TimeMark[] {
  const { monitor, instance, now } = subject;
  const marks: TimeMark[] = [];
  for (const [agentId, answer] of Object.entries(monitor.asking?.answers ?? {})) {
    const seen = answer.find((observation) => observation.dataCentre === monitor.route.active);
    if (seen?.failing === null || seen === undefined) continue;
    const agent = instance.agents[agentId];
    const words = `${seen.failing.probes} failed probes in ${seen.failing.ageMs} ms: ${seen.judgement.words}`;
    marks.push({
      mark: "first-failed-probe",
      atMs: now - seen.failing.ageMs,
      who: agent?.name ?? agentId,
      words,
    });
  }
  marks.sort((a, b) => a.atMs - b.atMs);
  const askedAtMs = monitor.asking?.askedAtMs ?? now;
  marks.push({
    mark: "verdict",
    atMs: askedAtMs,
    who: null,
    words: "down from enough failure domains; asking everybody",
  });
  for (const [site, vote] of Object.entries(finding.sight.votes)) {
    const name = instance.plan.sites.find((planned) => planned.id === site)?.name ?? site;
    marks.push({ mark: "vote", atMs: now, who: name, words: vote.vote });
  }
  marks.push({ mark: "confirmed", atMs: now, who: null, words: "the answers to the question agree" });
  return marks;
}
