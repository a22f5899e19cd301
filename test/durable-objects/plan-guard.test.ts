import { Plan } from "@evenkeel/contracts/plan";
import { findUnconfirmedRemoval } from "@evenkeel/durable-objects/instance/plan-guard";
import { expect, it } from "vitest";
import { makePlan } from "../core/arbitration/world.ts";

const plan = Plan.parse(makePlan());

it.each([
  ["a site", { sites: plan.sites.slice(1) }, plan.sites[0]?.name],
  ["a route store", { stores: [] }, "main"],
])("[SAFE-9] a plan that lost %s is held back until a person confirms it", (_, lost, name) => {
  const after = { ...plan, ...lost };
  expect(findUnconfirmedRemoval(plan, after, null)).toContain(name);
  expect(findUnconfirmedRemoval(plan, after, "req_1")).toBeNull();
  expect(findUnconfirmedRemoval(after, plan, null)).toBeNull();
});
