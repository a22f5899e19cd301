import type { Plan } from "@evenkeel/contracts/plan";
import { describe, expect, it } from "vitest";
import { down, MONITOR, makePlan, settle, startWorld, up, type World } from "./world.ts";

const AGENTS = ["a1", "a2", "aw"] as const;
const ids = (count: number) =>
  Array.from({ length: count }, (_, index) => `mon_many${String(index).padStart(4, "0")}`);

/** Many monitors with their home in one site, and small budgets. */
function startMany(count: number, settings: Partial<Plan["settings"]>): World {
  const world = startWorld({ settings });
  settle(world);
  const plan = makePlan({ settings }, 2);
  const [first] = plan.monitors;
  if (first === undefined) throw new Error("the plan has a monitor");
  const monitors = ids(count).map((id) => ({ ...first, id, name: id }));
  world.event({ type: "plan", plan: { ...plan, monitors } });
  const well = ids(count).flatMap((id) => [up("dc1", { monitorId: id }), up("dc2", { monitorId: id })]);
  for (const agent of AGENTS) world.report(agent, well);
  return world;
}

/** So many of them fail at once, as seen from everywhere; all questions are answered. */
function failMany(world: World, count: number): void {
  world.now += 1000;
  const failing = ids(count).map((id) => down("dc1", 1000, { monitorId: id }));
  for (const agent of AGENTS) world.report(agent, failing);
  const nonces = new Set(world.state.monitors.list.flatMap((one) => one.asking?.nonce ?? []));
  const well = ids(count).map((id) => up("dc2", { monitorId: id }));
  for (const nonce of nonces) for (const agent of AGENTS) world.answer(agent, [...failing, ...well], nonce);
}

const countMoved = (world: World) =>
  world.state.monitors.list.filter((one) => one.id !== MONITOR && one.route.active === "dc2").length;
const listAlarms = (world: World) => new Set(world.state.monitors.list.flatMap((one) => one.alarm ?? []));

describe("budgets [SAFE-6]", () => {
  it("let so many monitors of a site go in a minute", () => {
    const world = startMany(10, { budgetPerSiteMinute: 3 });
    failMany(world, 3);
    expect(countMoved(world)).toBe(3);
  });

  it("never move half: what would exceed the budget of the site moves not at all and pages", () => {
    const world = startMany(10, { budgetPerSiteMinute: 3 });
    failMany(world, 4);
    expect(countMoved(world)).toBe(0);
    expect(listAlarms(world)).toEqual(new Set(["ARB-21"]));
  });

  it("give way when most of the site is down as seen from everywhere: everything moves", () => {
    const world = startMany(10, { budgetPerSiteMinute: 3, budgetPerInstanceDay: 3 });
    failMany(world, 6);
    expect(countMoved(world)).toBe(6);
  });

  it("do not give way while a single site sees less than most of it failing: its own network may be what is ill", () => {
    const world = startMany(10, { budgetPerSiteMinute: 3 });
    world.now += 1000;
    const failing = (count: number) => ids(count).map((id) => down("dc1", 1000, { monitorId: id }));
    world.report("a2", failing(4));
    for (const agent of ["a1", "aw"]) world.report(agent, failing(6));
    const nonces = new Set(world.state.monitors.list.flatMap((one) => one.asking?.nonce ?? []));
    const well = ids(10).map((id) => up("dc2", { monitorId: id }));
    for (const nonce of nonces) {
      world.answer("a2", [...failing(4), ...well], nonce);
      for (const agent of ["a1", "aw"]) world.answer(agent, [...failing(6), ...well], nonce);
    }
    expect(countMoved(world)).toBe(0);
    expect(listAlarms(world)).toContain("ARB-21");
  });

  it("bind the whole instance as well", () => {
    const world = startMany(10, { budgetPerSiteMinute: 100, budgetPerInstanceDay: 3 });
    failMany(world, 4);
    expect(countMoved(world)).toBe(0);
    expect(listAlarms(world)).toEqual(new Set(["ARB-21"]));
  });
});

describe("a maintenance window", () => {
  const startMs = 1_000_000;

  it("leaves the switch to a person while it is open, with its reason, and not after it", () => {
    const windows = [{ fromMs: startMs, untilMs: startMs + 5000, reason: "new disks" }];
    const world = startWorld({ monitor: { windows } });
    settle(world);
    world.now += 1000;
    for (const agent of AGENTS) world.report(agent, [down("dc1")]);
    expect(world.monitor().alarm).toBe("ARB-17");
    const alarm = world.effects.flatMap((effect) =>
      effect.type === "record" && effect.event.type === "one-click" ? [effect.event.because.text] : [],
    );
    expect(alarm.at(-1)).toContain("new disks");
    world.now += 5000;
    world.event({ type: "tick" });
    for (const agent of AGENTS) world.answer(agent, [down("dc1", 6000), up("dc2")]);
    expect(world.monitor().route.active).toBe("dc2");
  });
});
