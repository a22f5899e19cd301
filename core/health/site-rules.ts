import { findRow } from "../rule-table.ts";

/**
 * When a whole site counts as lost, as a table [SAFE-3] (SPEC §5.4). A site that we do not hear may be lost, or we may
 * be the ones who are cut off: the others decide, by what they see of its targets and of its agents.
 */

/** What the site rules look at. */
export interface SiteFacts {
  /**
   * `none`: no agent was enrolled there. `here`: all are heard. `some`: not all. `missing`: none is heard, for less than
   * the site time-out. `gone`: for longer. `unseen`: none is heard, but this incarnation of the object never saw one, so
   * that the silence may be our own restart.
   */
  readonly agents: "none" | "here" | "some" | "missing" | "gone" | "unseen";
  /** Whether any other site is connected. */
  readonly others: "some" | "none";
  /** What every other connected site says of the site's targets; `clear`: all down; `blind`: a site cannot tell. */
  readonly targets: "answering" | "failing" | "blind" | "clear";
  /** What the agents of the other connected sites say of their links to the site's agents. */
  readonly links: "up" | "unknown" | "cut";
  /** The data-centre-level automatic switch. */
  readonly siteSwitch: "on" | "off";
}

/** Every value of every fact, for enumeration and for the printed table. */
export const SITE_FACT_VALUES: { readonly [Name in keyof SiteFacts]: readonly SiteFacts[Name][] } = {
  agents: ["none", "here", "some", "missing", "gone", "unseen"],
  others: ["some", "none"],
  targets: ["answering", "failing", "blind", "clear"],
  links: ["up", "unknown", "cut"],
  siteSwitch: ["on", "off"],
};

/**
 * What a site rule comes to. `rest`: connected. `watch`: not heard, too early to say. `alarm`: a person is told once.
 * `lost`: the verdict site-down, with an alarm and a one-click plan. `move`: the same, and its monitors move.
 */
export type SiteOutcome = "rest" | "watch" | "alarm" | "lost" | "move";

/** One row of the table. */
export interface SiteRule {
  readonly id: SiteRuleId;
  readonly when: Partial<SiteFacts>;
  readonly outcome: SiteOutcome;
  readonly serves: readonly string[];
}

export type SiteRuleId = `SITE-${string}`;

/** The table. The sentence of each row stands under its id in contracts/sentences.ts. */
export const SITE_RULES = [
  { id: "SITE-01", when: { agents: "none" }, outcome: "rest", serves: [] },
  { id: "SITE-02", when: { agents: "here" }, outcome: "rest", serves: ["SAFE-2"] },
  { id: "SITE-03", when: { agents: "some" }, outcome: "rest", serves: ["SAFE-2"] },
  { id: "SITE-04", when: { agents: "unseen" }, outcome: "watch", serves: ["SAFE-3"] },
  { id: "SITE-05", when: { agents: "missing" }, outcome: "watch", serves: ["SAFE-3"] },
  { id: "SITE-06", when: { others: "none" }, outcome: "alarm", serves: ["SAFE-3"] },
  { id: "SITE-07", when: { targets: "answering" }, outcome: "alarm", serves: ["SAFE-2", "SAFE-3"] },
  { id: "SITE-08", when: { links: "up" }, outcome: "alarm", serves: ["SAFE-2", "SAFE-3"] },
  { id: "SITE-09", when: { targets: "failing" }, outcome: "watch", serves: ["SAFE-3"] },
  { id: "SITE-10", when: { targets: "blind" }, outcome: "alarm", serves: ["SAFE-2", "SAFE-3"] },
  { id: "SITE-11", when: { links: "unknown" }, outcome: "alarm", serves: ["SAFE-2", "SAFE-3"] },
  { id: "SITE-12", when: { siteSwitch: "off" }, outcome: "lost", serves: ["SAFE-3", "SAFE-12"] },
  { id: "SITE-13", when: { siteSwitch: "on" }, outcome: "move", serves: ["SAFE-3", "SAFE-6"] },
] as const satisfies readonly SiteRule[];

/**
 * Finds the rule for a site.
 *
 * @param facts the case
 * @returns the first row whose pattern agrees with the facts
 */
export function findSiteRule(facts: SiteFacts): SiteRule {
  return findRow<SiteFacts, SiteRule>(SITE_RULES, facts);
}
