import { expect, test } from "vitest";
import { judgeLeaving, positionOf } from "../../sdk/switching/judge-switch.ts";
import { makeRoute } from "./make-route.ts";

const home = { dataCentre: "dc1", writable: true };

test("a switch that a rule decided abandons the old side, one that people decided drains it", () => {
  expect(judgeLeaving(home, makeRoute(2, "d", { active: "dc2", decidedBy: "ARB-23" }))).toBe("abandon");
  expect(judgeLeaving(home, makeRoute(2, "d", { active: "dc2", decidedBy: "operator:user eve" }))).toBe(
    "drain",
  );
  expect(judgeLeaving(home, makeRoute(2, "d", { active: "dc2", decidedBy: "plan" }))).toBe("drain");
  expect(judgeLeaving(home, makeRoute(2, "d", { active: "dc2", decidedBy: "planless" }))).toBe("abandon");
});

test("a route that keeps data centre and flag moves nothing; one that takes writing away drains", () => {
  expect(judgeLeaving(home, makeRoute(2))).toBeNull();
  const closed = { dc1: { readable: true, writable: false } };
  expect(judgeLeaving(home, makeRoute(2, "d", { dataCentres: closed }))).toBe("drain");
});

test("flags that are missing do not allow writing", () => {
  expect(positionOf(makeRoute(1, "d", { active: "dc2", dataCentres: {} })).writable).toBe(false);
});
