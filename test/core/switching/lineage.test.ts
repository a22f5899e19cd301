import type { Route } from "@evenkeel/contracts/route";
import { compareLineage } from "@evenkeel/core/switching/lineage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const route = (epoch: number, decision: string, after: string | null): Route => ({
  v: 1,
  epoch,
  decision,
  after,
  active: "dc1",
  phase: "stable",
  dataCentres: { dc1: { readable: true, writable: true } },
  reason: "",
  decidedBy: "ARB-26",
  decidedAt: "",
});

const WANTED = route(5, "dec_e", "dec_d");
const ANCESTORS = ["dec_d", "dec_c", "dec_b"];

describe("lineage", () => {
  it("[SAFE-1] the same epoch and decision is the same route, whatever else it tells people", () => {
    expect(compareLineage({ ...WANTED, reason: "told otherwise" }, WANTED, ANCESTORS)).toBe("same");
  });

  it("[SAFE-1] a decision that says something else is a fork, whoever kept its name", () => {
    const changes: Partial<Route>[] = [
      { active: "dc2" },
      { phase: "retired" },
      { dataCentres: { dc1: { readable: true, writable: false } } },
      { dataCentres: {} },
      { dataCentres: { ...WANTED.dataCentres, dc2: { readable: true, writable: true } } },
    ];
    for (const change of changes)
      expect(compareLineage({ ...WANTED, ...change }, WANTED, ANCESTORS), JSON.stringify(change)).toBe(
        "fork",
      );
  });

  it("[SAFE-1] the same epoch with another decision is a fork, even of the same parent", () => {
    expect(compareLineage(route(5, "dec_x", "dec_d"), WANTED, ANCESTORS)).toBe("fork");
    expect(compareLineage(route(5, "dec_d", "dec_c"), WANTED, ANCESTORS)).toBe("fork");
  });

  it("[SAFE-1] an ancestor, or nothing, is behind and is brought up", () => {
    expect(compareLineage(null, WANTED, ANCESTORS)).toBe("behind");
    expect(compareLineage(route(4, "dec_d", "dec_c"), WANTED, ANCESTORS)).toBe("behind");
    expect(compareLineage(route(2, "dec_b", null), WANTED, ANCESTORS)).toBe("behind");
  });

  it("[SAFE-1] an older route that ours does not descend from is a fork", () => {
    expect(compareLineage(route(4, "dec_x", "dec_c"), WANTED, ANCESTORS)).toBe("fork");
    expect(compareLineage(route(1, "dec_a", null), WANTED, [])).toBe("fork");
  });

  it("[SAFE-1] only the immediate successor of ours is ahead", () => {
    expect(compareLineage(route(6, "dec_f", "dec_e"), WANTED, ANCESTORS)).toBe("ahead");
    expect(compareLineage(route(7, "dec_g", "dec_f"), WANTED, ANCESTORS)).toBe("fork");
    expect(compareLineage(route(6, "dec_y", "dec_x"), WANTED, ANCESTORS)).toBe("fork");
    expect(compareLineage(route(6, "dec_y", null), WANTED, ANCESTORS)).toBe("fork");
  });

  const anyId = fc.constantFrom<string[]>("dec_a", "dec_b", "dec_c", "dec_d", "dec_e");
  const anyRoute = fc
    .tuple(fc.integer({ min: 1, max: 6 }), anyId, fc.option(anyId))
    .map(([epoch, decision, after]) => route(epoch, decision, after));

  it("[SAFE-1] a stored route is behind only with a lower epoch and a decision that ours descends from", () => {
    fc.assert(
      fc.property(anyRoute, anyRoute, fc.array(anyId), (stored, wanted, ancestors) => {
        const behind = compareLineage(stored, wanted, ancestors) === "behind";
        expect(behind).toBe(stored.epoch < wanted.epoch && ancestors.includes(stored.decision));
      }),
      { numRuns: 500 },
    );
  });

  it("[SAFE-1] of two different routes never both may replace the other", () => {
    fc.assert(
      fc.property(anyRoute, anyRoute, fc.array(anyId), fc.array(anyId), (one, other, ofOne, ofOther) => {
        const may = [compareLineage(one, other, ofOther), compareLineage(other, one, ofOne)];
        expect(may).not.toEqual(["behind", "behind"]);
      }),
    );
  });
});
