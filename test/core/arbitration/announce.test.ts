import type { TimeMark } from "@evenkeel/contracts/event";
import { ANNOUNCE_MAX_MS, ARRIVE_MS } from "@evenkeel/core/arbitration/announce";
import { computeNextDeadline } from "@evenkeel/core/arbitration/deadline";
import { computeRtoMs } from "@evenkeel/core/arbitration/finish";
import { describe, expect, it } from "vitest";
import { down, MONITOR, settle, startWorld, up, type World } from "./world.ts";

const AGENTS = ["a1", "a2", "aw"] as const;
const BOTH_OPEN = { dc1: { readable: true, writable: true }, dc2: { readable: true, writable: true } };

const hold = (world: World, holdMs: number, drainedEpoch = 0) => {
  world.holders = { [MONITOR]: { holdMs, drainedEpoch } };
};
const order = (world: World, more: object = {}) =>
  world.command({
    type: "switch",
    command: { to: "dc2", expectedEpoch: 1, idempotencyKey: "the-key-1", force: false, ...more },
  });

/** A switch that is ordered, prechecked and announced: it waits for the processes. */
function announce(holdMs = 1000): World {
  const world = startWorld();
  settle(world);
  hold(world, holdMs);
  order(world);
  for (const agent of AGENTS) world.answer(agent, [up("dc1"), up("dc2")]);
  return world;
}
const tick = (world: World, ms = 0) => {
  world.now += ms;
  world.event({ type: "tick" });
};

describe("a person's switch of a monitor whose processes hold new writes", () => {
  it("is announced first: nothing moves, and both sides stay as they are", () => {
    const world = announce();
    expect(world.monitor().route).toMatchObject({
      ...{ epoch: 2, active: "dc1", dataCentres: BOTH_OPEN, decidedBy: "operator:ann" },
      announced: { to: "dc2", forMs: 800 + ARRIVE_MS },
    });
    expect(world.monitor()).toMatchObject({ armed: true, run: { kind: "announce", to: "dc2" } });
    expect(world.events("switch-announced")).toHaveLength(1);
    expect(world.replies).toEqual([]);
  });

  it("is done as soon as all of them have ended what was under way", () => {
    const world = announce();
    world.written("a1");
    tick(world, 5);
    hold(world, 1000, 1);
    tick(world, 5);
    expect(world.monitor().route.epoch).toBe(2);
    hold(world, 1000, 2);
    tick(world, 5);
    expect(world.monitor().route).toMatchObject({ epoch: 3, active: "dc2", dataCentres: BOTH_OPEN });
    expect(world.monitor().route).not.toHaveProperty("announced");
    world.written("a1");
    expect(world.replies.at(-1)).toMatchObject({
      final: true,
      reply: { ok: true, result: { status: "done", epoch: 3, active: "dc2" } },
    });
  });

  it.each([
    [100, 80],
    [1000, 800],
    [60_000, ANNOUNCE_MAX_MS],
  ])("waits for processes that hold for %i ms no longer than %i ms", (holdMs, waitMs) => {
    const world = announce(holdMs);
    world.written("a1");
    expect(computeNextDeadline(world.state, world.now)).toBeLessThanOrEqual(world.now + waitMs);
    tick(world, waitMs - 1);
    expect(world.monitor().route.active).toBe("dc1");
    tick(world, 1);
    expect(world.monitor().route).toMatchObject({ epoch: 3, active: "dc2" });
  });

  it("is announced to nobody where nobody holds, nor where it is forced", () => {
    for (const [holdMs, more] of [
      [0, {}],
      [1000, { force: true, reason: "now" }],
    ] as const) {
      const world = startWorld();
      settle(world);
      hold(world, holdMs);
      order(world, more);
      if (world.monitor().asking !== null)
        for (const agent of AGENTS) world.answer(agent, [up("dc1"), up("dc2")]);
      expect(world.monitor().route).toMatchObject({ epoch: 2, active: "dc2" });
      expect(world.events("switch-announced")).toEqual([]);
    }
  });

  it("is taken back if its target fails meanwhile: nothing moves, and the person is told why", () => {
    const world = announce();
    world.written("a1");
    world.report("a2", [down("dc2")]);
    tick(world, 800);
    expect(world.monitor()).toMatchObject({ run: null, armed: true, route: { epoch: 3, active: "dc1" } });
    expect(world.monitor().route).not.toHaveProperty("announced");
    expect(world.replies.at(-1)).toMatchObject({
      final: true,
      reply: { ok: false, refusal: { code: "switch-blocked", epoch: 3 } },
    });
    expect(world.events("switch-blocked")).toHaveLength(1);
  });

  it("[SAFE-7] is the one switch that runs: the same one joins it, and an automatic one does not begin", () => {
    const world = announce();
    order(world, { idempotencyKey: "another-key", expectedEpoch: 2 });
    expect(world.replies.at(-1)?.reply).toMatchObject({ ok: true, result: { status: "joined" } });
    for (const agent of AGENTS) world.report(agent, [down("dc1", 5000)]);
    expect(world.monitor().asking).toBeNull();
    tick(world, 800);
    expect(world.monitor().route).toMatchObject({ epoch: 3, active: "dc2", decidedBy: "operator:ann" });
  });

  it("goes on when somebody is there again, if all agents were gone in the middle of it", () => {
    const world = announce();
    for (const agentId of AGENTS) world.event({ type: "agent-disconnected", agentId });
    world.connect("a2", "s2");
    world.report("a2", [up("dc1"), up("dc2")]);
    tick(world, 800);
    expect(world.monitor().route).toMatchObject({ epoch: 3, active: "dc2" });
  });

  it("counts its time from the announcement, with which the pause begins", () => {
    const mark = (name: TimeMark["mark"], atMs: number): TimeMark => ({
      mark: name,
      atMs,
      who: null,
      words: "",
    });
    const marks = [
      mark("announced", 100),
      mark("drained", 150),
      mark("decided", 150),
      mark("route-written", 170),
    ];
    expect(computeRtoMs(marks)).toBe(70);
  });
});
