import type { Explanation, Foretold, Protection } from "@evenkeel/contracts/live";
import { because, SENTENCES, type SentenceId } from "@evenkeel/contracts/sentences";
import { findOpenWindow } from "./budget.ts";
import { findActiveSite } from "./facts.ts";
import { findPlanned, nameSite } from "./find-planned.ts";
import { type Fault, imagine } from "./imagine.ts";
import { createMoment } from "./moment.ts";
import { findMonitor } from "./monitor-rows.ts";
import { type Facts, findRule, type Rule } from "./rules.ts";
import type { Case, InstanceState } from "./state.ts";

/** The facts that an automatic switch needs: what a blocker is set to, to find the next one behind it. */
export const CLEAR_FACTS: Facts = {
  switchable: "yes",
  monitored: "yes",
  running: "no",
  lineage: "clear",
  confirmation: "agreed",
  target: "down",
  evidence: "enough",
  active: "home",
  mode: "act",
  automatic: "on",
  armed: "yes",
  store: "reachable",
  candidate: "ready",
  budget: "free",
  by: "timeout",
};

/**
 * Explains what would happen to a monitor if its active data centre, or that one's site, died now, and what would block
 * an automatic switch [SAFE-12].
 *
 * @param instance the instance
 * @param monitorId the monitor
 * @param now control plane's clock in ms
 * @returns null for a monitor that is unknown or no longer planned
 */
export function explain(instance: InstanceState, monitorId: string, now: number): Explanation | null {
  const monitor = findMonitor(instance, monitorId);
  const planned = findPlanned(instance, monitorId);
  if (monitor === undefined || planned === undefined) return null;
  const subject: Case = { instance, planned, monitor, now, moment: createMoment(instance, now) };
  return { monitorId, foretold: [foretell(subject, "target-lost"), foretell(subject, "site-lost")] };
}

/**
 * Foretells with the arbitration's own rule tables what a fault would come to.
 *
 * @param subject the case
 * @param fault the fault
 */
export function foretell(subject: Case, fault: Fault): Foretold {
  const { planned, monitor } = subject;
  const { facts, verdict, to, bySite } = imagine(subject, fault);
  const params = {
    dc: monitor.route.active,
    to: to ?? "?",
    site: nameSite(subject.instance, findActiveSite(subject)),
    sites: verdict.downSites.map((id) => nameSite(subject.instance, id)).join(" and ") || "nowhere",
    reason: findOpenWindow(planned, subject.now)?.reason ?? "",
  };
  const rules = listBlockers(facts);
  const first = rules[0];
  const level = first === undefined ? "automatic" : levelOf(first);
  const words = (rule: Rule) => because(findSentence(rule), params);
  const isDecided = level === "automatic" || level === "observe";
  const { siteTimeoutMs, silentAfterMs } = subject.instance.plan.settings;
  const silenceMs = fault === "site-lost" ? (bySite ? siteTimeoutMs : silentAfterMs) : 0;
  return {
    fault,
    lost: fault === "target-lost" ? monitor.route.active : findActiveSite(subject),
    level,
    to: isDecided ? to : null,
    because: first === undefined ? because("PROT-automatic", params) : words(first),
    blockers: rules.map(words),
    decidesInMs: isDecided ? Math.max(planned.timing.monitorTimeoutMs, silenceMs) : null,
  };
}

/**
 * How far a monitor is protected against a fault, and why.
 *
 * @param subject the case
 * @param fault the fault
 */
export function computeProtection(subject: Case, fault: Fault): Protection {
  const { level, because: why } = foretell(subject, fault);
  return { level, because: why };
}

/** The rules that stand in the way, one behind the other: each is cleared to find the next. */
function listBlockers(facts: Facts): Rule[] {
  const blockers: Rule[] = [];
  let here = facts;
  for (;;) {
    const rule = findRule(here);
    if (rule.outcome === "switch") return blockers;
    blockers.push(rule);
    const names = Object.keys(rule.when) as (keyof Facts)[];
    // Every blocker names a fact that differs from the clear ones, so that each turn clears one more of them.
    here = { ...here, ...Object.fromEntries(names.map((name) => [name, CLEAR_FACTS[name]])) };
  }
}

/** What a rule says of a fault that has not come; a rule that speaks of the present anyway says it in its own words. */
function findSentence(rule: Rule): SentenceId {
  const foretold = rule.id.replace("ARB-", "PROT-");
  return (foretold in SENTENCES ? foretold : rule.id) as SentenceId;
}

function levelOf(rule: Rule): Protection["level"] {
  switch (rule.outcome) {
    case "switch":
      return "automatic";
    case "record":
      return "observe";
    case "alarm":
    case "ask":
    case "drop":
      return "one-click";
    case "rest":
    case "watch":
      return "off";
  }
}
