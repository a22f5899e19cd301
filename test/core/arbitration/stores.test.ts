import type { StoreHealth } from "@evenkeel/contracts/agent-protocol";
import type { Route } from "@evenkeel/contracts/route";
import { computeNextDeadline } from "@evenkeel/core/arbitration/deadline";
import { renderLiveView } from "@evenkeel/core/arbitration/live-view";
import { makeRows } from "@evenkeel/core/arbitration/monitor-rows";
import { compareLineage } from "@evenkeel/core/switching/lineage";
import { describe, expect, it } from "vitest";
import { down, failHome, settle, startWorld, UP_STORES, up, type World } from "./world.ts";

const NO_STORES: StoreHealth[] = [{ store: "main", reachable: false, words: "no quorum" }];
const OTHER_AWAY: StoreHealth[] = [...UP_STORES, { store: "other", reachable: false, words: "no quorum" }];
const AGENTS = ["a1", "a2", "aw"] as const;

const switchTo = (world: World, to: string, expectedEpoch: number, force = true) =>
  world.command({
    type: "switch",
    command: { to, expectedEpoch, idempotencyKey: `key-${expectedEpoch}-${to}`, force, reason: "a reason" },
  });

const listSent = (world: World): number[] =>
  world.effects.flatMap((effect) =>
    effect.type === "write-routes" ? effect.writes.map((write) => write.route.epoch) : [],
  );

/** A route as somebody else made it after ours. */
function succeed(before: Route, decision: string, active = "dc2"): Route {
  return {
    ...before,
    epoch: before.epoch + 1,
    decision,
    after: before.decision,
    trail: [before.decision, ...(before.trail ?? [])].slice(0, 8),
    active,
  };
}

describe("a store that was away [SAFE-1]", () => {
  it("is owed the route, is named, and gets it when an agent reaches it again", () => {
    const world = startWorld();
    settle(world);
    failHome(world);
    for (const agent of AGENTS) world.report(agent, [], NO_STORES);
    expect(renderLiveView(world.state, [], world.now).monitors[0]?.owedStores).toEqual(["main"]);
    world.effects.length = 0;
    world.now += 60_000;
    world.report("a2", [], UP_STORES);
    expect(listSent(world)).toContain(2);
  });

  it("has its agents told once more at the end of a switch, that the route stands elsewhere", () => {
    const world = startWorld({ stores: ["main", "other"] });
    settle(world);
    failHome(world);
    for (const agent of AGENTS) world.report(agent, [], OTHER_AWAY);
    world.effects.length = 0;
    world.written("a1");
    expect(world.monitor().run).toBeNull();
    const told = world.effects.flatMap((effect) => (effect.type === "write-routes" ? effect.writes : []));
    expect(told.map(({ route, acknowledged }) => [route.epoch, acknowledged])).toEqual([[2, true]]);
  });

  it("is sent everything again when it comes back, because it may come back from a backup", () => {
    const world = startWorld();
    settle(world);
    expect(renderLiveView(world.state, [], world.now).monitors[0]?.owedStores).toEqual([]);
    for (const agent of AGENTS) world.report(agent, [], NO_STORES);
    world.effects.length = 0;
    world.now += 10_000;
    world.report("a1", [], UP_STORES);
    expect(listSent(world)).toEqual([1]);
    world.written("a1", { result: "stored", written: false });
    world.effects.length = 0;
    world.now += 10_000;
    world.event({ type: "tick" });
    expect(listSent(world)).toEqual([]);
  });
});

it("[SAFE-1] a store that slept through two switches is merely behind", () => {
  const world = startWorld();
  settle(world);
  const slept = world.monitor().route;
  for (const [to, epoch] of [
    ["dc2", 1],
    ["dc1", 2],
  ] as const) {
    switchTo(world, to, epoch);
    world.written("a1");
  }
  const [write] = world.effects
    .flatMap((effect) => (effect.type === "write-routes" ? effect.writes : []))
    .slice(-1);
  expect(write?.route.epoch).toBe(3);
  expect(compareLineage(slept, world.monitor().route, write?.ancestors ?? [])).toBe("behind");
});

describe("a route in a store [SAFE-1]", () => {
  it("that descends from ours over several decisions is taken over, and not armed", () => {
    const world = startWorld();
    settle(world);
    const ours = world.monitor().route;
    const stored = succeed(succeed(succeed(ours, "dec_x2"), "dec_x3", "dc1"), "dec_x4");
    world.written("a1", { result: "ahead", stored });
    expect(world.monitor()).toMatchObject({ route: { epoch: 4, active: "dc2" }, armed: false, fork: null });
    expect(world.events("route-adopted")).toEqual(["route-adopted"]);
  });

  it("wins over a decision of ours that no store has taken: a twin was quicker", () => {
    const world = startWorld();
    settle(world);
    const before = world.monitor().route;
    switchTo(world, "dc2", 1);
    const twin = succeed(before, "dec_twin", "dc2");
    world.replies.length = 0;
    world.written("a1", { result: "fork", stored: twin });
    expect(world.monitor()).toMatchObject({ route: { decision: "dec_twin" }, run: null, fork: null });
    const [answer] = world.replies;
    expect(answer?.reply).toMatchObject({ ok: false, refusal: { code: "state-changed" } });
    expect(answer?.final).toBe(true);
  });

  it("does not win over a decision of ours that a store has taken: two branches stand, a person chooses", () => {
    const world = startWorld();
    settle(world);
    const before = world.monitor().route;
    switchTo(world, "dc2", 1);
    world.written("a1");
    world.written("a2", { result: "fork", stored: succeed(before, "dec_twin", "dc2") });
    expect(world.monitor().fork?.decision).toBe("dec_twin");
    expect(world.monitor().route.epoch).toBe(2);
    expect(world.monitor().alarm).toBe("ARB-04");
    switchTo(world, "dc1", 2);
    expect(world.monitor()).toMatchObject({ route: { epoch: 3, active: "dc1" }, fork: null });
  });

  it("of a lower epoch never wins", () => {
    const world = startWorld();
    settle(world);
    const before = world.monitor().route;
    for (const [to, epoch] of [
      ["dc2", 1],
      ["dc1", 2],
    ] as const) {
      switchTo(world, to, epoch);
      if (epoch === 1) world.written("a1");
    }
    world.written("a1", { result: "fork", stored: succeed(before, "dec_stranger") });
    expect(world.monitor().route.epoch).toBe(3);
    expect(world.monitor().fork?.decision).toBe("dec_stranger");
  });

  it("is believed by a row that no store ever confirmed: this object was lost and began anew", () => {
    const world = startWorld();
    for (const [agent, site] of [
      ["a1", "s1"],
      ["a2", "s2"],
    ] as const)
      world.connect(agent, site);
    const stored = {
      ...world.monitor().route,
      epoch: 9,
      decision: "dec_old9",
      after: "dec_old8",
      active: "dc2",
    };
    world.written("a1", { result: "fork", stored });
    expect(world.monitor()).toMatchObject({ route: { epoch: 9, active: "dc2" }, armed: false, fork: null });
  });

  it("that leads to a data centre which the plan does not have is never taken over", () => {
    const world = startWorld();
    const stored = {
      ...world.monitor().route,
      epoch: 9,
      decision: "dec_old9",
      after: "dec_old8",
      active: "dc7",
    };
    world.written("a1", { result: "fork", stored });
    expect(world.monitor().fork?.epoch).toBe(9);
  });
});

describe("a candidate that fails before any store has taken the switch [SAFE-8]", () => {
  const THREE = [
    { name: "dc1", site: "s1", priority: 1 },
    { name: "dc2", site: "s2", priority: 2 },
    { name: "dc3", site: "sw", priority: 3 },
  ];

  /** dc1 has failed over to dc2, which fails in its turn. */
  function failTwice(acknowledged: boolean): World {
    const world = startWorld({ dataCentres: THREE });
    settle(world);
    for (const agent of AGENTS) world.report(agent, [up("dc1"), up("dc2"), up("dc3")]);
    world.now += 1000;
    for (const agent of AGENTS) world.report(agent, [down("dc1")]);
    for (const agent of AGENTS) world.answer(agent, [down("dc1", 1010), up("dc2"), up("dc3")]);
    expect(world.monitor().route).toMatchObject({ active: "dc2", epoch: 2 });
    if (acknowledged) world.written("a3x");
    world.now += 2000;
    for (const agent of AGENTS) world.report(agent, [down("dc2"), down("dc1", 3000)]);
    if (world.monitor().asking !== null) {
      for (const agent of AGENTS) world.answer(agent, [down("dc1", 3100), down("dc2", 1100), up("dc3")]);
    }
    return world;
  }

  it("is replaced in a new epoch after a question of its own", () => {
    const world = failTwice(false);
    expect(world.monitor().route).toMatchObject({ active: "dc3", epoch: 3 });
    expect(world.events("switch-replaced")).toEqual(["candidate-replaced"]);
  });

  it("is left to a person once a store has it", () => {
    const world = failTwice(true);
    expect(world.monitor().route).toMatchObject({ active: "dc2", epoch: 2 });
    expect(world.monitor().alarm).toBe("ARB-14");
  });
});

it("[SAFE-7] a step that this version does not know holds the switch and pages once", () => {
  const world = startWorld();
  settle(world);
  switchTo(world, "dc2", 1);
  const monitor = world.monitor();
  if (monitor.run === null) throw new Error("the switch runs");
  const position = { ...monitor.run.position, step: "promote" };
  const stuck = { ...monitor, run: { ...monitor.run, position } };
  world.state = { ...world.state, monitors: makeRows([stuck]) };
  world.effects.length = 0;
  for (let round = 0; round < 3; round += 1) {
    world.now += 1000;
    world.event({ type: "tick" });
  }
  expect(world.events("switch-stuck")).toEqual(["step-unknown"]);
  expect(listSent(world)).toEqual([]);
});

it("[SAFE-10] a switch without any agent to write it wakes nobody up without end", () => {
  const world = startWorld();
  settle(world);
  switchTo(world, "dc2", 1);
  for (const agentId of AGENTS) world.event({ type: "agent-disconnected", agentId });
  world.now += 10_000;
  world.event({ type: "tick" });
  expect(world.monitor().run).not.toBeNull();
  expect(computeNextDeadline(world.state, world.now)).toBeGreaterThan(world.now);
});
