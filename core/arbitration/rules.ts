import { findRow } from "../rule-table.ts";

/**
 * The arbitration as a table. A row is data: first match wins, so the order is part of the meaning. Rows can be printed
 * (`npm run rules`), drawn, enumerated, and the id of the row that fired is stored with every event.
 */

/** What the rules look at: small closed sets, so that every combination can be enumerated. */
export interface Facts {
  readonly switchable: "yes" | "no";
  readonly monitored: "yes" | "no";
  readonly running: "yes" | "no";
  readonly lineage: "clear" | "fork";
  /** Where the question with the nonce stands [SAFE-4]. */
  readonly confirmation: "none" | "pending" | "agreed" | "refuted" | "short";
  /**
   * What the sites say of the active target. `disputed`: some call it down while others hear it; `untried`: its own
   * site never saw this version up [SAFE-9]; `lost`: its whole site is lost and the data-centre-level switch is on.
   */
  readonly target: "up" | "disputed" | "untried" | "unknown" | "failing" | "down" | "lost";
  readonly evidence: "enough" | "too-few-domains" | "own-site-unheard";
  readonly active: "home" | "away";
  readonly mode: "act" | "observe" | "hold";
  /** `window`: a maintenance window is open. */
  readonly automatic: "on" | "off" | "window";
  readonly armed: "yes" | "no";
  readonly store: "reachable" | "unreachable";
  readonly candidate: "ready" | "none";
  readonly budget: "free" | "spent";
  /** Whether refusals alone carry the verdict (`fastRefuse`), or the monitor timeout. */
  readonly by: "timeout" | "refusal";
}

/** Every value of every fact, for enumeration and for the printed table. */
export const FACT_VALUES: { readonly [Name in keyof Facts]: readonly Facts[Name][] } = {
  switchable: ["yes", "no"],
  monitored: ["yes", "no"],
  running: ["yes", "no"],
  lineage: ["clear", "fork"],
  confirmation: ["none", "pending", "agreed", "refuted", "short"],
  target: ["up", "disputed", "untried", "unknown", "failing", "down", "lost"],
  evidence: ["enough", "too-few-domains", "own-site-unheard"],
  active: ["home", "away"],
  mode: ["act", "observe", "hold"],
  automatic: ["on", "off", "window"],
  armed: ["yes", "no"],
  store: ["reachable", "unreachable"],
  candidate: ["ready", "none"],
  budget: ["free", "spent"],
  by: ["timeout", "refusal"],
};

/**
 * What a rule has done.
 * `rest`: nothing to do. `watch`: something is on its way. `alarm`: a person is told once and offered one click.
 * `ask`: a question with a nonce goes to all agents. `drop`: the question brought no switch, ask later.
 * `record`: the decision is recorded and not carried out. `switch`: a new epoch.
 */
export type Outcome = "rest" | "watch" | "alarm" | "ask" | "drop" | "record" | "switch";

/** One row of the table. */
export interface Rule {
  readonly id: RuleId;
  readonly when: Partial<Facts>;
  readonly outcome: Outcome;
  /** The safety rules that this row serves. */
  readonly serves: readonly string[];
}

export type RuleId = `ARB-${string}`;

/** The table. The sentence of each row stands under its id in contracts/sentences.ts. */
export const RULES = [
  { id: "ARB-01", when: { switchable: "no" }, outcome: "rest", serves: [] },
  { id: "ARB-02", when: { monitored: "no" }, outcome: "rest", serves: ["SAFE-12"] },
  { id: "ARB-03", when: { running: "yes" }, outcome: "watch", serves: ["SAFE-7"] },
  { id: "ARB-04", when: { lineage: "fork" }, outcome: "alarm", serves: ["SAFE-1"] },
  // A question that is out is settled first: an answer outweighs every report.
  { id: "ARB-05", when: { confirmation: "refuted" }, outcome: "drop", serves: ["SAFE-2", "SAFE-4"] },
  { id: "ARB-06", when: { confirmation: "pending" }, outcome: "watch", serves: ["SAFE-4"] },
  { id: "ARB-07", when: { target: "up" }, outcome: "rest", serves: ["SAFE-2", "SAFE-5"] },
  { id: "ARB-08", when: { target: "disputed" }, outcome: "ask", serves: ["SAFE-2"] },
  { id: "ARB-09", when: { target: "untried" }, outcome: "watch", serves: ["SAFE-9"] },
  { id: "ARB-10", when: { target: "unknown" }, outcome: "watch", serves: ["SAFE-2"] },
  { id: "ARB-11", when: { target: "failing" }, outcome: "watch", serves: ["SAFE-3"] },
  // From here on the target is down, or lost with its site.
  { id: "ARB-12", when: { evidence: "own-site-unheard" }, outcome: "alarm", serves: ["SAFE-3"] },
  { id: "ARB-13", when: { evidence: "too-few-domains" }, outcome: "alarm", serves: ["SAFE-3"] },
  { id: "ARB-14", when: { active: "away" }, outcome: "alarm", serves: ["SAFE-6"] },
  { id: "ARB-15", when: { mode: "hold" }, outcome: "alarm", serves: ["SAFE-12"] },
  { id: "ARB-16", when: { automatic: "off" }, outcome: "alarm", serves: ["SAFE-6"] },
  { id: "ARB-17", when: { automatic: "window" }, outcome: "alarm", serves: ["SAFE-6"] },
  { id: "ARB-18", when: { armed: "no" }, outcome: "alarm", serves: ["SAFE-6"] },
  { id: "ARB-19", when: { store: "unreachable" }, outcome: "alarm", serves: ["SAFE-1"] },
  { id: "ARB-20", when: { candidate: "none" }, outcome: "alarm", serves: ["SAFE-8"] },
  { id: "ARB-21", when: { budget: "spent" }, outcome: "alarm", serves: ["SAFE-6"] },
  { id: "ARB-22", when: { confirmation: "short" }, outcome: "drop", serves: ["SAFE-4"] },
  { id: "ARB-23", when: { confirmation: "none" }, outcome: "ask", serves: ["SAFE-4"] },
  { id: "ARB-24", when: { mode: "observe" }, outcome: "record", serves: ["SAFE-12"] },
  { id: "ARB-25", when: { target: "lost" }, outcome: "switch", serves: ["SAFE-3", "SAFE-6", "SAFE-8"] },
  { id: "ARB-26", when: { by: "timeout" }, outcome: "switch", serves: ["SAFE-3", "SAFE-6", "SAFE-8"] },
  { id: "ARB-27", when: { by: "refusal" }, outcome: "switch", serves: ["SAFE-3", "SAFE-6", "SAFE-8"] },
] as const satisfies readonly Rule[];

/**
 * Finds the rule for a case. The table covers every combination of facts (test/core/arbitration/rules.test.ts
 * enumerates them).
 *
 * @param facts the case
 * @param rules the table
 * @returns the first row whose pattern agrees with the facts
 * @throws Error if no row matches, which is a broken invariant
 */
export function findRule(facts: Facts, rules: readonly Rule[] = RULES): Rule {
  return findRow(rules, facts);
}
