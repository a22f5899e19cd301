import { SENTENCES } from "@evenkeel/contracts/sentences";
import { FACT_VALUES, type Facts, findRule, RULES, type Rule } from "@evenkeel/core/arbitration/rules";
import { describe, expect, it } from "vitest";

/** Walks every combination of fact values: 2.6 million cases, so only counters are kept. */
function forEachCase(visit: (facts: Facts) => void): number {
  const names = Object.keys(FACT_VALUES) as (keyof Facts)[];
  const facts = {} as Record<keyof Facts, string>;
  let cases = 0;
  const descend = (index: number) => {
    const name = names[index];
    if (name === undefined) {
      cases += 1;
      visit(facts as Facts);
      return;
    }
    for (const value of FACT_VALUES[name]) {
      facts[name] = value;
      descend(index + 1);
    }
  };
  descend(0);
  return cases;
}

const fired = new Map<string, number>();
const violations: string[] = [];

/** What must hold for a case in which the table decides to move a route, whatever the order of its rows. */
function listMissing(facts: Facts): string[] {
  const needed: { -readonly [Name in keyof Facts]?: Facts[Name] } = {
    switchable: "yes",
    monitored: "yes",
    running: "no",
    lineage: "clear",
    target: "down",
    evidence: "enough",
    active: "home",
    mode: "act",
    automatic: "on",
    armed: "yes",
    store: "reachable",
    candidate: "ready",
    budget: "free",
    confirmation: "agreed",
  };
  // A site that is lost as a whole carries its monitors with it.
  if (facts.target === "lost") needed.target = "lost";
  return (Object.keys(needed) as (keyof Facts)[]).filter((name) => needed[name] !== facts[name]);
}

const cases = forEachCase((facts) => {
  const rule: Rule = findRule(facts);
  fired.set(rule.id, (fired.get(rule.id) ?? 0) + 1);
  const missing = listMissing(facts);
  if ((rule.outcome === "switch") !== (missing.length === 0) && violations.length < 5) {
    violations.push(`${rule.id} for ${JSON.stringify(facts)}: ${missing.join(", ")}`);
  }
});

describe("the rule table, over every combination of facts", () => {
  it("has a row for each combination", () => {
    const all = Object.values(FACT_VALUES).reduce((product, values) => product * values.length, 1);
    expect(cases).toBe(all);
    expect([...fired.values()].reduce((sum, count) => sum + count, 0)).toBe(all);
  });

  it("reaches every row", () => {
    expect(RULES.map((rule) => rule.id).filter((id) => !fired.has(id))).toEqual([]);
  });

  it("[SAFE-1 SAFE-3 SAFE-4 SAFE-6 SAFE-7 SAFE-8] switches exactly when everything that a switch needs is there", () => {
    expect(violations).toEqual([]);
  });

  it("numbers its rows in their order, each with a sentence", () => {
    const ids = RULES.map((rule) => rule.id);
    expect(ids).toEqual(ids.map((_, index) => `ARB-${String(index + 1).padStart(2, "0")}`));
    expect(ids.filter((id) => !(id in SENTENCES))).toEqual([]);
  });
});
