import type { Observation } from "@evenkeel/contracts/observation";
import { findMonitor } from "@evenkeel/core/arbitration/monitor-rows";
import { isAcknowledged } from "@evenkeel/core/switching/acknowledged";
import fc from "fast-check";
import { expect, it } from "vitest";
import { down, MONITOR, settle, startWorld, up, type World } from "./world.ts";

const AGENTS = ["a1", "a2", "aw"] as const;
const SITE = { a1: "s1", a2: "s2", aw: "sw" } as const;
/** Steps of one history, and histories per run: a few seconds. */
const STEPS_MAX = 60;
const HISTORIES = 2000;

type Agent = (typeof AGENTS)[number];
type Step =
  | { readonly type: "pass"; readonly ms: number }
  | {
      readonly type: "report" | "answer";
      readonly agent: Agent;
      readonly home: number | null;
      readonly away: number | null;
    }
  | { readonly type: "connect" | "disconnect" | "written"; readonly agent: Agent }
  | { readonly type: "hold"; readonly holdMs: number; readonly isDrained: boolean }
  | { readonly type: "switch"; readonly to: "dc1" | "dc2"; readonly force: boolean; readonly stale: boolean };

const agent = fc.constantFrom(...AGENTS);
/** Null: up; a number: failing for so many milliseconds. */
const sight = fc.option(fc.integer({ min: 1, max: 3000 }), { nil: null });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 5000 }) }),
  fc.record({ type: fc.constantFrom("report" as const, "answer" as const), agent, home: sight, away: sight }),
  fc.record({ type: fc.constantFrom("connect" as const, "disconnect" as const, "written" as const), agent }),
  fc.record({
    type: fc.constant("hold" as const),
    holdMs: fc.constantFrom(0, 500, 5000),
    isDrained: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("switch" as const),
    to: fc.constantFrom("dc1" as const, "dc2" as const),
    force: fc.boolean(),
    stale: fc.boolean(),
  }),
);

/** A home that dies: everybody notices and is asked, but for one who may see it otherwise or be late. */
const death: fc.Arbitrary<Step[]> = fc
  .record({
    ms: fc.integer({ min: 900, max: 3000 }),
    odd: fc.option(agent, { nil: null }),
    seesUp: fc.boolean(),
  })
  .map(({ ms, odd, seesUp }) => {
    const tell = (type: "report" | "answer") =>
      AGENTS.flatMap((one): Step[] => {
        if (one !== odd) return [{ type, agent: one, home: ms, away: null }];
        return seesUp ? [{ type, agent: one, home: null, away: null }] : [];
      });
    return [...tell("report"), ...tell("answer")];
  });
const history = fc
  .array(fc.oneof({ weight: 8, arbitrary: step.map((one) => [one]) }, { weight: 2, arbitrary: death }), {
    maxLength: STEPS_MAX,
  })
  .map((parts) => parts.flat());

const see = (home: number | null, away: number | null): Observation[] => [
  home === null ? up("dc1") : down("dc1", home),
  away === null ? up("dc2") : down("dc2", away),
];

function apply(world: World, one: Step, key: number): void {
  const isConnected = (id: Agent) => world.state.agents[id]?.connected === true;
  switch (one.type) {
    case "pass":
      world.now += one.ms;
      world.event({ type: "tick" });
      return;
    case "report":
      if (isConnected(one.agent)) world.report(one.agent, see(one.home, one.away));
      return;
    case "answer":
      if (isConnected(one.agent) && world.monitor().asking !== null)
        world.answer(one.agent, see(one.home, one.away));
      return;
    case "connect":
      world.connect(one.agent, SITE[one.agent], `boot-${key}-0000`);
      return;
    case "disconnect":
      world.event({ type: "agent-disconnected", agentId: one.agent });
      return;
    case "written":
      world.written(one.agent);
      return;
    case "hold": {
      const { holdMs, isDrained } = one;
      const drainedEpoch = isDrained ? world.monitor().route.epoch : 0;
      world.holders = holdMs === 0 ? {} : { [MONITOR]: { holdMs, drainedEpoch } };
      world.event({ type: "tick" });
      return;
    }
    case "switch": {
      const expectedEpoch = world.monitor().route.epoch + (one.stale ? -1 : 0);
      const more = one.force ? { reason: "a reason" } : {};
      const command = {
        to: one.to,
        expectedEpoch: Math.max(1, expectedEpoch),
        idempotencyKey: `key-${key}-000`,
        force: one.force,
        ...more,
      };
      world.command({ type: "switch", command });
    }
  }
}

function isReplaced(world: World, epoch: number): boolean {
  return world.effects.some(
    (effect) =>
      effect.type === "record" && effect.event.type === "switch-replaced" && effect.event.epoch === epoch,
  );
}

/** What must hold of every step, whatever happened before. */
function check(before: ReturnType<World["monitor"]>, world: World): void {
  const after = world.monitor();
  expect(after.route.epoch).toBeGreaterThanOrEqual(before.route.epoch);
  if (after.route.epoch === before.route.epoch) {
    expect(after.route).toEqual(before.route);
    return;
  }
  // [SAFE-1] One epoch more, descending from what stood there.
  expect(after.route).toMatchObject({ epoch: before.route.epoch + 1, after: before.route.decision });
  if (isReplaced(world, after.route.epoch)) {
    // [SAFE-8] Its candidate failed, and no store had taken it.
    expect(before.run).toMatchObject({ kind: "automatic", to: before.route.active });
    expect(isAcknowledged(before)).toBe(false);
    return;
  }
  // [SAFE-7] Nothing else was under way, but for what announced this switch, or is taken back by it.
  if (before.run?.kind === "announce") {
    expect([before.route.active, before.run.to]).toContain(after.route.active);
    expect(after.route.announced).toBeUndefined();
  } else expect(before.run === null || before.run.position.step === "precheck").toBe(true);
  // An announcement moves nothing.
  if (after.route.announced !== undefined) {
    expect(after.route).toMatchObject({ active: before.route.active, dataCentres: before.route.dataCentres });
  }
  if (!after.route.decidedBy.startsWith("ARB-")) return;
  // [SAFE-6] From home only, armed, and disarmed by it.
  expect(before).toMatchObject({ armed: true, route: { active: "dc1" } });
  expect(after.armed).toBe(false);
  // [SAFE-4] A question was out before the deciding step. [SAFE-3] Its answers: nobody hears the target, two sites call it down.
  const finding = world.effects.findLast(
    (effect) => effect.type === "record" && effect.event.type === "switch-decided",
  );
  if (finding?.type !== "record") throw new Error("a switch without its event");
  expect(before.asking).not.toBeNull();
  const votes = finding.event.timeLine.filter((mark) => mark.mark === "vote").map((mark) => mark.words);
  expect(votes.filter((vote) => vote === "down").length).toBeGreaterThanOrEqual(2);
  expect(votes).not.toContain("up");
}

it(`[SAFE-1 SAFE-3 SAFE-4 SAFE-6 SAFE-7] hold over ${HISTORIES} random histories`, () => {
  let automatic = 0;
  fc.assert(
    fc.property(history, (steps) => {
      const world = startWorld({
        settings: { budgetPerMonitorDay: 100, switchBackHealthMs: 0, rearmAfterMs: 0 },
      });
      settle(world);
      for (const [index, one] of steps.entries()) {
        const before = world.monitor();
        apply(world, one, index);
        check(before, world);
      }
      automatic += world.monitor().automaticAtMs.length;
      expect(findMonitor(world.state, MONITOR)?.ancestors.length).toBeLessThanOrEqual(32);
    }),
    { numRuns: HISTORIES },
  );
  // Histories in which nothing ever switches by itself would prove nothing.
  expect(automatic).toBeGreaterThan(HISTORIES / 20);
});
