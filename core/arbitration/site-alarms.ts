import { because, type SentenceId } from "@evenkeel/contracts/sentences";
import { nameSite } from "./find-planned.ts";
import type { JudgedSite } from "./judge-sites.ts";
import { recordEvent } from "./record-event.ts";
import { isHeard } from "./sight.ts";
import type { InstanceState } from "./state.ts";
import { findMoment, type Work } from "./work.ts";

/**
 * Tells people once when a site is lost, or cannot be told from lost, and once when it is back (SPEC §5.4).
 *
 * @param work the work
 */
export function tellOfSites(work: Work): void {
  const { instance, now } = work;
  // The usual case, in which there is nothing to judge: everybody is here and no alarm stands.
  const isCalm = Object.values(instance.agents).every((agent) => isHeard(agent, instance, now));
  if (isCalm && Object.keys(instance.siteAlarms).length === 0) return;
  for (const site of findMoment(work).sites().values()) {
    const standing = work.instance.siteAlarms[site.id];
    const { outcome, id } = site.rule;
    if (outcome === "watch") continue;
    if (outcome === "rest") {
      if (standing !== undefined) clear(work, site);
    } else if (standing !== id) raise(work, site);
  }
}

function raise(work: Work, site: JudgedSite): void {
  const siteAlarms = { ...work.instance.siteAlarms, [site.id]: site.rule.id };
  work.instance = { ...work.instance, siteAlarms };
  recordEvent(work, {
    type: "site-lost",
    level: site.rule.outcome === "alarm" ? "major" : "critical",
    because: explainSite(work.instance, site),
  });
}

function clear(work: Work, site: JudgedSite): void {
  const { [site.id]: gone, ...siteAlarms } = work.instance.siteAlarms;
  if (gone === undefined) return;
  work.instance = { ...work.instance, siteAlarms };
  recordEvent(work, { type: "site-returned", level: "info", because: explainSite(work.instance, site) });
}

/**
 * Explains how a site stands, in the words of the case.
 *
 * @param instance the instance, for names
 * @param site the judged site
 */
export function explainSite(instance: InstanceState, site: JudgedSite) {
  const others = site.witnesses.map((id) => nameSite(instance, id)).join(" and ");
  return because(site.rule.id as SentenceId, {
    site: nameSite(instance, site.id),
    others: others === "" ? "nobody" : others,
    unheardS: Math.round((site.unheardForMs ?? 0) / 1000),
  });
}
