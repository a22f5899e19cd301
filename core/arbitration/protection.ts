import type { Protection } from "@evenkeel/contracts/live";
import { because, SENTENCES, type SentenceId } from "@evenkeel/contracts/sentences";
import { computeTargetVerdict } from "../health/verdict.ts";
import type { AgentVote } from "../health/vote.ts";
import { computeFinding } from "./facts.ts";
import { type Facts, findRule, type Rule } from "./rules.ts";
import type { Case } from "./state.ts";

/** A fault whose outcome is foretold: the active target fails alone, or its whole site is gone. */
export type Fault = "target-lost" | "site-lost";

/**
 * Foretells with the arbitration's own rule table what would happen if a fault came now [SAFE-12].
 *
 * @param subject the case
 * @param fault the fault
 * @returns the protection against it and the sentence of the rule that would fire
 */
export function computeProtection(subject: Case, fault: Fault): Protection {
  const finding = computeFinding({ ...subject, monitor: { ...subject.monitor, asking: null } });
  const votes = imagineVotes(finding.sight.votes, ownSite(subject), fault);
  const verdict = computeTargetVerdict(votes, ownSite(subject));
  const untried = finding.facts.target === "untried";
  const facts: Facts = {
    ...finding.facts,
    target: untried ? "untried" : verdict.verdict === "down" ? "down" : "unknown",
    evidence: verdict.evidence ?? "enough",
    confirmation: "agreed",
    by: "timeout",
  };
  const rule = findRule(facts);
  const level = levelOf(rule);
  const params = {
    dc: subject.monitor.route.active,
    to: finding.candidate?.dataCentre ?? "?",
    sites: verdict.downSites.map((id) => siteName(subject, id)).join(" and ") || "nowhere",
  };
  return { level, because: because(level === "automatic" ? "PROT-automatic" : findSentence(rule), params) };
}

/** What a rule says of a fault that has not come; a rule that speaks of the present anyway says it in its own words. */
function findSentence(rule: Rule): SentenceId {
  const foretold = rule.id.replace("ARB-", "PROT-");
  return (foretold in SENTENCES ? foretold : rule.id) as SentenceId;
}

function ownSite(subject: Case): string {
  return subject.planned.dataCentres.find((dc) => dc.name === subject.monitor.route.active)?.site ?? "";
}

function siteName(subject: Case, id: string): string {
  return subject.instance.plan.sites.find((site) => site.id === id)?.name ?? id;
}

/** Whoever sees the target now would see it fail; whoever cannot see it now could not bear witness then. */
function imagineVotes(
  votes: Readonly<Record<string, AgentVote>>,
  own: string,
  fault: Fault,
): Record<string, AgentVote> {
  const imagined = Object.entries(votes).map(([site, { vote }]): [string, AgentVote] => {
    if (fault === "site-lost" && site === own) return [site, { vote: "silent", by: null }];
    const sees = vote === "up" || vote === "failing" || vote === "down";
    return [site, sees ? { vote: "down", by: "timeout" } : { vote, by: null }];
  });
  return Object.fromEntries(imagined);
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
