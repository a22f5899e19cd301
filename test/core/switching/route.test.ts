import { type Route, TRAIL_MAX } from "@evenkeel/contracts/route";
import { compareLineage } from "@evenkeel/core/switching/lineage";
import { succeedRoute } from "@evenkeel/core/switching/route";
import { expect, it } from "vitest";

const FIRST: Route = {
  v: 1,
  epoch: 1,
  decision: "dec_1",
  after: null,
  active: "dc1",
  phase: "stable",
  dataCentres: { dc1: { readable: true, writable: true } },
  reason: "",
  decidedBy: "plan",
  decidedAt: "",
};

/** The route after so many further decisions, and every one on the way. */
function succeedTimes(times: number): Route[] {
  const routes = [FIRST];
  for (let epoch = 2; epoch <= times + 1; epoch += 1) {
    const before = routes.at(-1) ?? FIRST;
    const { dataCentres, active } = before;
    const change = { epoch, decision: `dec_${epoch}`, active, dataCentres, reason: "", decidedBy: "ann" };
    routes.push(succeedRoute(before, { ...change, now: 0 }));
  }
  return routes;
}

it("[SAFE-1] a route names the decisions before it, newest first, so that whoever slept through them knows it as its own", () => {
  const routes = succeedTimes(4);
  const last = routes.at(-1);
  expect(last).toMatchObject({ after: "dec_4", trail: ["dec_4", "dec_3", "dec_2", "dec_1"] });
  for (const old of routes.slice(0, -1)) {
    expect(compareLineage(last ?? null, old, [])).toBe("ahead");
  }
});

it("[SAFE-1] the trail has an end: beyond it nobody can tell, and a person chooses", () => {
  const last = succeedTimes(TRAIL_MAX + 2).at(-1);
  expect(last?.trail).toHaveLength(TRAIL_MAX);
  expect(compareLineage(last ?? null, FIRST, [])).toBe("fork");
});
