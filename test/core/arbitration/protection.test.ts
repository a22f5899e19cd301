import { computeProtection } from "@evenkeel/core/arbitration/explain";
import type { Fault } from "@evenkeel/core/arbitration/imagine";
import { createMoment } from "@evenkeel/core/arbitration/moment";
import { describe, expect, it } from "vitest";
import { failHome, MONITOR, settle, startWorld, type World, type WorldOptions } from "./world.ts";

function protect(world: World, fault: Fault) {
  const planned = world.state.plan.monitors.find((monitor) => monitor.id === MONITOR);
  if (planned === undefined) throw new Error("the monitor is not planned");
  const { level, because } = computeProtection(
    {
      instance: world.state,
      planned,
      monitor: world.monitor(),
      now: world.now,
      moment: createMoment(world.state, world.now),
    },
    fault,
  );
  return [level, because.id];
}

describe("protection [SAFE-12] foretells what the arbitration then does", () => {
  const cases: [string, WorldOptions, Fault, string[]][] = [
    ["three sites, target lost", {}, "target-lost", ["automatic", "PROT-automatic"]],
    ["three sites, site lost", {}, "site-lost", ["automatic", "PROT-automatic"]],
    ["on hold", { settings: { mode: "hold" } }, "target-lost", ["one-click", "PROT-15"]],
    ["observing", { settings: { mode: "observe" } }, "target-lost", ["observe", "PROT-24"]],
    ["automatic off", { monitor: { automatic: false } }, "target-lost", ["one-click", "PROT-16"]],
    ["budget used up", { settings: { budgetPerMonitorDay: 0 } }, "target-lost", ["one-click", "PROT-21"]],
    ["not switchable", { monitor: { switchable: false } }, "target-lost", ["off", "ARB-01"]],
  ];
  it.each(cases)("%s", (_, options, fault, expected) => {
    const world = startWorld(options);
    settle(world);
    expect(protect(world, fault)).toEqual(expected);
  });

  it("two sites without a witness: the target is protected, the site is one click away", () => {
    const world = startWorld();
    settle(world);
    world.event({ type: "agent-disconnected", agentId: "aw" });
    expect(protect(world, "target-lost")).toEqual(["automatic", "PROT-automatic"]);
    expect(protect(world, "site-lost")).toEqual(["one-click", "PROT-13"]);
  });

  it("away from home nothing is automatic", () => {
    const world = startWorld();
    settle(world);
    failHome(world);
    world.written("a2");
    expect(protect(world, "target-lost")).toEqual(["one-click", "PROT-14"]);
  });
});
