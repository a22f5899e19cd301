import { SENTENCES } from "@evenkeel/contracts/sentences";
import { findSiteRule, SITE_FACT_VALUES, SITE_RULES, type SiteFacts } from "@evenkeel/core/health/site-rules";
import { describe, expect, it } from "vitest";
import { listCases } from "../list-cases.ts";

const cases = listCases<SiteFacts>(SITE_FACT_VALUES);

describe("the site rules, over every combination of facts", () => {
  it("have a row for each, and each row is reached", () => {
    const fired = new Set(cases.map((facts) => findSiteRule(facts).id));
    expect([...fired].sort()).toEqual(SITE_RULES.map((rule) => rule.id));
  });

  it("[SAFE-3] call a site lost exactly when it is gone and all others agree on targets and links", () => {
    const needed: Partial<SiteFacts> = { agents: "gone", others: "some", targets: "clear", links: "cut" };
    for (const facts of cases) {
      const { outcome } = findSiteRule(facts);
      const agrees = Object.entries(needed).every(
        ([name, value]) => facts[name as keyof SiteFacts] === value,
      );
      const expected = !agrees ? ["rest", "watch", "alarm"] : facts.siteSwitch === "on" ? ["move"] : ["lost"];
      expect(expected, JSON.stringify(facts)).toContain(outcome);
    }
  });

  it("number their rows in order, each with a sentence", () => {
    const ids = SITE_RULES.map((rule) => rule.id);
    expect(ids).toEqual(ids.map((_, index) => `SITE-${String(index + 1).padStart(2, "0")}`));
    expect(ids.filter((id) => !(id in SENTENCES))).toEqual([]);
  });
});
