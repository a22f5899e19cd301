import type { Foretold } from "@evenkeel/contracts/live";
import { combineLinks } from "../health/links.ts";
import { findSiteRule } from "../health/site-rules.ts";
import { computeTargetVerdict, type TargetVerdict } from "../health/verdict.ts";
import type { AgentVote } from "../health/vote.ts";
import { isBudgetSpent } from "./budget.ts";
import { chooseCandidate } from "./candidate.ts";
import { computeFinding, findActiveSite } from "./facts.ts";
import { findMonitor } from "./monitor-rows.ts";
import type { Facts } from "./rules.ts";
import { computeSight, isHeard } from "./sight.ts";
import type { Case } from "./state.ts";

/** A fault whose outcome is foretold: the active target fails alone, or its whole site is gone. */
export type Fault = Foretold["fault"];

/** A case as it would be after a fault. */
export interface Imagined {
  readonly facts: Facts;
  readonly verdict: TargetVerdict;
  readonly to: string | null;
  /** True if only the loss of the site as a whole carries the switch. */
  readonly bySite: boolean;
}

/**
 * Imagines a fault: what the rules would look at, if it came now and everybody who can see noticed it.
 *
 * @param subject the case
 * @param fault the fault
 */
export function imagine(subject: Case, fault: Fault): Imagined {
  const calm: Case = { ...subject, monitor: { ...subject.monitor, asking: null } };
  const { facts: present, sight } = computeFinding(calm);
  const own = findActiveSite(subject);
  const verdict = computeTargetVerdict(imagineVotes(sight.votes, own, fault), own);
  const isDown = verdict.verdict === "down";
  const bySite =
    fault === "site-lost" && !(isDown && verdict.evidence === "enough") && wouldMove(subject, own);
  const dead = bySite ? "lost" : isDown ? "down" : "unknown";
  const to = chooseCandidate(withoutSite(calm, fault === "site-lost" ? own : null), "reports");
  const facts: Facts = {
    ...present,
    target: present.target === "untried" ? "untried" : dead,
    evidence: bySite ? "enough" : (verdict.evidence ?? "enough"),
    candidate: to === null ? "none" : "ready",
    budget: isBudgetSpent(calm) ? "spent" : "free",
    confirmation: "agreed",
    by: "timeout",
  };
  return { facts, verdict, to: to?.dataCentre ?? null, bySite };
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

/** Whether the site rules would call the site lost and move its monitors, if it went dark as a whole. */
function wouldMove(subject: Case, site: string): boolean {
  const { instance, now } = subject;
  const heard = Object.values(instance.agents).filter(
    (agent) => agent.site !== site && isHeard(agent, instance, now),
  );
  const observers = heard.map((agent) =>
    agent.links
      .filter((link) => link.site === site)
      .map((link) => (link.state === "up" ? { ...link, state: "cut" as const } : link)),
  );
  const rule = findSiteRule({
    agents: Object.values(instance.agents).some((agent) => agent.site === site) ? "gone" : "none",
    others: heard.length === 0 ? "none" : "some",
    targets: [...new Set(heard.map((agent) => agent.site))].every((one) => seesInto(subject, one, site))
      ? "clear"
      : "blind",
    links: combineLinks(observers),
    siteSwitch: instance.plan.settings.siteSwitch ? "on" : "off",
  });
  return rule.outcome === "move";
}

/** Whether a site has a clear sight of at least one target in another site. */
function seesInto({ instance, now }: Case, witness: string, site: string): boolean {
  return instance.plan.monitors.some((planned) => {
    const monitor = findMonitor(instance, planned.id);
    if (monitor === undefined || !planned.monitored) return false;
    return planned.dataCentres.some((target) => {
      if (target.site !== site) return false;
      const vote = computeSight({ instance, planned, monitor, now }, target.name, "reports").votes[witness];
      return vote?.vote === "up" || vote?.vote === "failing" || vote?.vote === "down";
    });
  });
}

function withoutSite(subject: Case, site: string | null): Case {
  const { active } = subject.monitor.route;
  const dataCentres = subject.planned.dataCentres.filter((dc) => dc.site !== site || dc.name === active);
  return { ...subject, planned: { ...subject.planned, dataCentres } };
}
