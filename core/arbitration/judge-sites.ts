import { combineLinks } from "../health/links.ts";
import { findSiteRule, type SiteFacts, type SiteRule } from "../health/site-rules.ts";
import type { AgentVote } from "../health/vote.ts";
import { findMonitor } from "./monitor-rows.ts";
import { absenceCounts, computeSight, isHeard } from "./sight.ts";
import type { AgentState, Case, InstanceState } from "./state.ts";

/** One site with the rule that holds for it. */
export interface JudgedSite {
  readonly id: string;
  readonly facts: SiteFacts;
  readonly rule: SiteRule;
  /** Ms since the last of its agents was heard; null while one is heard, or if none ever was. */
  readonly unheardForMs: number | null;
  /** Other sites that are connected. */
  readonly witnesses: readonly string[];
}

/** The sites of an instance as judged at one moment, by site id. */
export type JudgedSites = ReadonlyMap<string, JudgedSite>;

/**
 * Judges every site of an instance [SAFE-3].
 *
 * @param instance the instance
 * @param now control plane's clock in ms
 * @returns the sites by id
 */
export function judgeSites(instance: InstanceState, now: number): JudgedSites {
  const judged = new Map<string, JudgedSite>();
  for (const { id } of instance.plan.sites) judged.set(id, judgeSite(instance, id, now));
  return judged;
}

function judgeSite(instance: InstanceState, id: string, now: number): JudgedSite {
  const all = Object.values(instance.agents);
  const own = all.filter((agent) => agent.site === id);
  const heard = all.filter((agent) => agent.site !== id && isHeard(agent, instance, now));
  const witnesses = [...new Set(heard.map((agent) => agent.site))].sort();
  const agents = judgePresence(instance, own, now);
  const silent = agents === "gone";
  const facts: SiteFacts = {
    agents,
    others: witnesses.length === 0 ? "none" : "some",
    // What the others see is looked at only once it matters: it means a look at every monitor.
    targets: silent ? judgeTargets(instance, id, witnesses, now) : "answering",
    links: silent ? judgeLinks(heard, own) : "up",
    siteSwitch: instance.plan.settings.siteSwitch ? "on" : "off",
  };
  const last = Math.max(0, ...own.map((agent) => agent.heardAtMs));
  const quiet = agents === "missing" || agents === "gone" || agents === "unseen";
  return {
    id,
    facts,
    rule: findSiteRule(facts),
    unheardForMs: quiet && last > 0 ? Math.max(0, now - last) : null,
    witnesses,
  };
}

function judgePresence(
  instance: InstanceState,
  own: readonly AgentState[],
  now: number,
): SiteFacts["agents"] {
  if (own.length === 0) return "none";
  const here = own.filter((agent) => isHeard(agent, instance, now));
  if (here.length > 0) return here.length === own.length ? "here" : "some";
  if (!absenceCounts(instance, own, now)) return "unseen";
  // An agent that this incarnation never saw has been away at least since it began.
  const last = Math.max(instance.startedAtMs, ...own.map((agent) => agent.heardAtMs));
  return now - last >= instance.plan.settings.siteTimeoutMs ? "gone" : "missing";
}

/** Every other connected site must call every target of the site down that it ever had in sight, and one at least. */
function judgeTargets(
  instance: InstanceState,
  site: string,
  witnesses: readonly string[],
  now: number,
): SiteFacts["targets"] {
  const downBy = new Set<string>();
  let failing = false;
  for (const planned of instance.plan.monitors) {
    const monitor = findMonitor(instance, planned.id);
    if (monitor === undefined || !planned.monitored) continue;
    const subject = { instance, planned, monitor, now };
    for (const target of planned.dataCentres) {
      if (target.site !== site) continue;
      const { votes } = computeSight(subject, target.name, "reports");
      for (const witness of witnesses) {
        const vote = votes[witness]?.vote;
        if (vote === "up") return "answering";
        if (vote === "failing") failing = true;
        if (vote === "down") downBy.add(witness);
      }
    }
  }
  if (failing) return "failing";
  return witnesses.length > 0 && witnesses.every((witness) => downBy.has(witness)) ? "clear" : "blind";
}

/** What the agents of other sites say of their links to the agents of one site. */
function judgeLinks(heard: readonly AgentState[], own: readonly AgentState[]): SiteFacts["links"] {
  const targets = new Set(own.map((agent) => agent.id));
  return combineLinks(heard.map((agent) => agent.links.filter((link) => targets.has(link.agentId))));
}

/**
 * Tells whether the monitors that are active in a site move because the site is lost as a whole.
 *
 * @param sites the judged sites
 * @param site the site
 */
export function isMoving(sites: JudgedSites, site: string): boolean {
  return sites.get(site)?.rule.outcome === "move";
}

/**
 * Computes what the answers to a question say of a site that reports call lost: they are fresher and count alone
 * [SAFE-4].
 *
 * @param subject the case, with its question answered
 * @param site the site
 * @param votes the sites' votes by answers
 * @returns `agreed`: every site that answered finds its target down or out of sight, and no link is up
 */
export function confirmSiteLoss(
  subject: Case,
  site: string,
  votes: Readonly<Record<string, AgentVote>>,
): "agreed" | "refuted" | "short" {
  const asking = subject.monitor.asking;
  const answered = Object.values(subject.instance.agents).filter(
    (agent) => agent.site !== site && asking?.answers[agent.id] !== undefined,
  );
  if (!isMoving(subject.moment.sites(), site)) return "refuted";
  if (Object.values(votes).some((vote) => vote.vote === "up")) return "refuted";
  const links = combineLinks(
    answered.map((agent) => (asking?.links[agent.id] ?? []).filter((link) => link.site === site)),
  );
  if (links === "up") return "refuted";
  return links === "cut" && answered.length > 0 ? "agreed" : "short";
}
