import type { BatchCommand } from "@evenkeel/contracts/command";
import type { Observation } from "@evenkeel/contracts/observation";
import { findMonitor } from "@evenkeel/core/arbitration/monitor-rows";
import { describe, expect, it } from "vitest";
import { down, MONITOR, makePlan, settle, startWorld, up, type World } from "./world.ts";

const OTHER = "mon_carts001";
const AGENTS = ["a1", "a2", "aw"] as const;

/** A second monitor beside the first, both well. */
function startPair(): World {
  const world = startWorld();
  settle(world);
  const plan = makePlan({}, 2);
  const [first] = plan.monitors;
  if (first === undefined) throw new Error("the plan has a monitor");
  world.event({
    type: "plan",
    plan: { ...plan, monitors: [first, { ...first, id: OTHER, name: "carts" }] },
  });
  for (const agent of AGENTS) world.report(agent, [...both("dc1"), ...both("dc2")]);
  return world;
}

const both = (dc: string): Observation[] => [up(dc), up(dc, { monitorId: OTHER })];

function order(world: World, change: Partial<BatchCommand> = {}): void {
  const members = [MONITOR, OTHER].map((monitorId) => ({ monitorId, to: "dc2", expectedEpoch: 1 }));
  const command = { members, idempotencyKey: "batch-key-1", force: false, skipBlocked: false, ...change };
  world.event({ type: "batch", order: command, principal: "ann" });
}

function answer(world: World, observations: Observation[]): void {
  const nonce =
    findMonitor(world.state, MONITOR)?.asking?.nonce ?? findMonitor(world.state, OTHER)?.asking?.nonce;
  for (const agent of AGENTS) world.answer(agent, observations, nonce);
}

const epochs = (world: World) => [MONITOR, OTHER].map((id) => findMonitor(world.state, id)?.route.epoch);
const replies = (world: World) =>
  world.replies.map(({ monitorId, reply, final }) => [
    monitorId,
    final,
    reply.ok ? reply.result.status : reply.refusal.because.id,
  ]);

describe("a batch", () => {
  it("asks once for all, and moves all in one step", () => {
    const world = startPair();
    world.effects.length = 0;
    order(world);
    expect(world.effects.filter((effect) => effect.type === "ask")).toHaveLength(1);
    expect(findMonitor(world.state, MONITOR)?.asking?.nonce).toBe(
      findMonitor(world.state, OTHER)?.asking?.nonce,
    );
    world.effects.length = 0;
    answer(world, [...both("dc1"), ...both("dc2")]);
    expect(epochs(world)).toEqual([2, 2]);
    const sent = world.effects.flatMap((effect) =>
      effect.type === "write-routes" ? [effect.writes.length] : [],
    );
    expect(sent).toEqual([2]);
    expect(replies(world)).toEqual([
      [MONITOR, false, "running"],
      [OTHER, false, "running"],
    ]);
  });

  it("moves nothing when one member is blocked, and names the blocker", () => {
    const world = startPair();
    order(world);
    answer(world, [...both("dc1"), up("dc2"), down("dc2", 100, { monitorId: OTHER })]);
    expect(epochs(world)).toEqual([1, 1]);
    expect(replies(world)).toEqual([
      [MONITOR, true, "batch-blocked"],
      [OTHER, true, "candidate-not-up"],
    ]);
    expect(findMonitor(world.state, MONITOR)?.run).toBeNull();
  });

  it("lists every blocker that is known at once, without asking anybody", () => {
    const world = startPair();
    world.report("a2", [down("dc2", 100, { monitorId: OTHER })]);
    const members = [
      { monitorId: MONITOR, to: "dc2", expectedEpoch: 7 },
      { monitorId: OTHER, to: "dc2", expectedEpoch: 1 },
      { monitorId: "mon_unknown1", to: "dc2", expectedEpoch: 1 },
    ];
    order(world, { members });
    expect(findMonitor(world.state, OTHER)?.run).toBeNull();
    expect(new Map(replies(world).map(([id, , why]) => [id, why]))).toEqual(
      new Map([
        [MONITOR, "epoch-stale"],
        [OTHER, "candidate-not-up"],
        ["mon_unknown1", "monitor-unknown"],
      ]),
    );
  });

  it("moves the others when blocked members are skipped", () => {
    const world = startPair();
    order(world, { skipBlocked: true });
    answer(world, [...both("dc1"), up("dc2"), down("dc2", 100, { monitorId: OTHER })]);
    expect(epochs(world)).toEqual([2, 1]);
  });

  it("moves everything when it is forced, whatever the health", () => {
    const world = startPair();
    for (const agent of AGENTS) world.report(agent, [down("dc2"), down("dc2", 1000, { monitorId: OTHER })]);
    order(world, { force: true, reason: "the site burns" });
    expect(epochs(world)).toEqual([2, 2]);
  });

  it("is answered as before when its key comes again", () => {
    const world = startPair();
    order(world, { force: true, reason: "the site burns" });
    world.replies.length = 0;
    order(world, { force: true, reason: "the site burns" });
    expect(epochs(world)).toEqual([2, 2]);
    expect(replies(world).map(([, , status]) => status)).toEqual(["running", "running"]);
  });

  it("leaves those alone that are there already", () => {
    const world = startPair();
    order(world, { force: true, reason: "first" });
    for (const monitorId of [MONITOR, OTHER]) {
      const written = { result: "stored" as const, written: true };
      const results = [{ monitorId, store: "main", epoch: 2, step: null, tookMs: 1, outcome: written }];
      world.event({ type: "written", agentId: "a1", frame: { type: "written", results } });
    }
    world.replies.length = 0;
    const members = [MONITOR, OTHER].map((monitorId) => ({ monitorId, to: "dc2", expectedEpoch: 2 }));
    order(world, { members, idempotencyKey: "batch-key-2" });
    expect(replies(world).map(([, , status]) => status)).toEqual(["unchanged", "unchanged"]);
    expect(epochs(world)).toEqual([2, 2]);
  });
});
