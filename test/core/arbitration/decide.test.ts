import { checkPlan } from "@evenkeel/core/arbitration/plan";
import { describe, expect, it } from "vitest";
import { down, failHome, MONITOR, makePlan, settle, startWorld, TIMING, UP_STORES, up } from "./world.ts";

const switchTo = (to: string, expectedEpoch: number, more: object = {}) => ({
  type: "switch" as const,
  command: { to, expectedEpoch, idempotencyKey: `key-${to}-${expectedEpoch}`, force: false, ...more },
});

describe("an automatic switch", () => {
  it("[ARB-26] moves from home to the standby once everybody has confirmed, and only once", () => {
    const world = startWorld();
    settle(world);
    failHome(world);
    const monitor = world.monitor();
    expect(monitor.route).toMatchObject({
      epoch: 2,
      active: "dc2",
      after: expect.stringMatching(/^dec_/),
      decidedBy: "ARB-26",
    });
    expect(monitor.route.dataCentres.dc1).toEqual({ readable: false, writable: true });
    expect(monitor.armed).toBe(false);
    world.written("a2");
    expect(world.monitor().run).toBeNull();
    world.now += 1000;
    for (const agent of ["a1", "a2", "aw"]) world.report(agent, [down("dc2")]);
    expect(world.monitor().route.epoch).toBe(2);
    expect(world.monitor().alarm).toBe("ARB-14");
  });

  it("[SAFE-7] stores the new epoch before its command leaves, and sends it to every connected agent", () => {
    const world = startWorld();
    settle(world);
    world.effects.length = 0;
    failHome(world);
    const writes = world.effects.filter((effect) => effect.type === "write-routes");
    expect(writes).toHaveLength(1);
    expect(writes[0]).toMatchObject({
      agentIds: ["a1", "a2", "aw"],
      writes: [{ monitorId: MONITOR, route: { epoch: 2 } }],
    });
  });

  it("[SAFE-4] counts only answers with the nonce of the question under way", () => {
    const world = startWorld();
    settle(world);
    world.now += 1000;
    for (const agent of ["a1", "a2", "aw"]) world.report(agent, [down("dc1")]);
    for (const agent of ["a1", "a2", "aw"]) world.answer(agent, [down("dc1"), up("dc2")], "another-nonce");
    expect(world.monitor().route.epoch).toBe(1);
    expect(Object.keys(world.monitor().asking?.answers ?? {})).toEqual([]);
  });

  it("[ARB-05] is called off when one agent hears the target answer, and the mistaken ones are blind from then on", () => {
    const world = startWorld();
    settle(world);
    world.now += 1000;
    for (const agent of ["a1", "a2", "aw"]) world.report(agent, [down("dc1")]);
    world.answer("a1", [up("dc1"), up("dc2")]);
    world.answer("a2", [down("dc1"), up("dc2")]);
    world.answer("aw", [down("dc1"), up("dc2")]);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().observations.a2?.dc1?.blinded).toBe(true);
    expect(world.monitor().observations.a1?.dc1?.blinded).toBe(false);
  });

  it("[SAFE-3] waits while the target's own site is still on the way to its verdict", () => {
    const world = startWorld();
    settle(world);
    world.report("a1", [down("dc1", 700)]);
    world.report("a2", [down("dc1", 1000)]);
    world.report("aw", [down("dc1", 1000)]);
    expect(world.monitor().asking).toBeNull();
    expect(world.events("one-click")).toEqual([]);
    world.report("a1", [down("dc1", 1000)]);
    expect(world.monitor().asking).not.toBeNull();
  });

  it("[SAFE-3] goes by two other domains when all agents of the target's site are lost with it", () => {
    const world = startWorld();
    settle(world);
    world.event({ type: "agent-disconnected", agentId: "a1" });
    world.now += 1000;
    world.report("a2", [down("dc1")]);
    world.report("aw", [down("dc1")]);
    world.answer("a2", [down("dc1"), up("dc2")]);
    world.answer("aw", [down("dc1"), up("dc2")]);
    expect(world.monitor().route).toMatchObject({ epoch: 2, active: "dc2" });
  });

  it("[SAFE-3] does not take a restart of the object for a lost site", () => {
    const world = startWorld();
    settle(world);
    // The same rows under a new incarnation: agents are known, but none has been seen by it.
    const agents = Object.fromEntries(
      Object.values(world.state.agents).map((agent) => [
        agent.id,
        { ...agent, connected: false, seen: false },
      ]),
    );
    world.now += 500;
    world.state = { ...world.state, agents, startedAtMs: world.now };
    world.connect("a2", "s2");
    world.connect("aw", "sw");
    world.report("a2", [down("dc1"), up("dc2")]);
    world.report("aw", [down("dc1"), up("dc2")]);
    expect(world.monitor().asking).toBeNull();
    // Much later the absence of dc1's agents does count.
    world.now += 61_000;
    world.report("a2", [down("dc1", 61_000), up("dc2")]);
    expect(world.monitor().asking).not.toBeNull();
  });

  it("[ARB-13] stays with an alarm and one click when only one domain can see", () => {
    const world = startWorld({
      sites: [
        { id: "s1", kind: "data" },
        { id: "s2", kind: "data" },
      ],
    });
    world.connect("a1", "s1");
    world.connect("a2", "s2");
    for (const agent of ["a1", "a2"]) world.report(agent, [up("dc1"), up("dc2")]);
    world.written("a1");
    world.event({ type: "agent-disconnected", agentId: "a1" });
    world.now += 10_000;
    world.report("a2", [down("dc1", 10_000)]);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().alarm).toBe("ARB-13");
  });

  it("[SAFE-2] does not count an observer that never saw this target version up", () => {
    const world = startWorld();
    settle(world);
    world.event({ type: "agent-disconnected", agentId: "a1" });
    world.now += 1000;
    world.report("a2", [down("dc1")]);
    world.report("aw", [down("dc1", 1000, { sawUp: false })]);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().alarm).toBe("ARB-13");
  });

  it("[SAFE-2] does not count what a process saw that has ended since", () => {
    const world = startWorld();
    settle(world);
    world.event({ type: "agent-disconnected", agentId: "aw" });
    world.now += 1000;
    world.report("a1", [down("dc1")]);
    world.connect("a1", "s1", "a1-boot-2");
    world.report("a2", [down("dc1")]);
    expect(world.monitor().asking).toBeNull();
    expect(world.monitor().route.epoch).toBe(1);
    // The new process has to see the target up before its failure counts.
    world.report("a1", [down("dc1", 1000, { sawUp: false })]);
    expect(world.monitor().asking).toBeNull();
  });

  it("[SAFE-2] does not count an ill observer", () => {
    const world = startWorld();
    settle(world);
    world.now += 1000;
    const illness = { cause: "late-event-loop" as const, words: "late" };
    for (const agent of ["a1", "a2", "aw"]) {
      const boot = `${agent}-boot-1`;
      const frame = {
        type: "report" as const,
        boot,
        seq: 2,
        full: false,
        illness,
        stores: UP_STORES,
        links: [],
        observations: [down("dc1")],
      };
      world.event({ type: "report", agentId: agent, frame });
    }
    expect(world.monitor().asking).toBeNull();
    expect(world.monitor().route.epoch).toBe(1);
  });

  it("[ARB-27] decides on confirmed refusals without the monitor timeout when fastRefuse is on", () => {
    const world = startWorld({ timing: { fastRefuse: true } });
    settle(world);
    const refused = down("dc1", 105, { failing: { ageMs: 105, probes: 3, refusals: 3 } });
    for (const agent of ["a1", "a2", "aw"]) world.report(agent, [refused]);
    for (const agent of ["a1", "a2", "aw"]) world.answer(agent, [refused, up("dc2")]);
    expect(world.monitor().route).toMatchObject({ epoch: 2, decidedBy: "ARB-27" });
  });

  it("[SAFE-5] never moves for a target that answers with a refusal of our account", () => {
    const world = startWorld();
    settle(world);
    const config = up("dc1", {
      judgement: { verdict: "config", reason: "auth-failed", code: "28P01", words: "password refused" },
    });
    world.now += 60_000;
    for (const agent of ["a1", "a2", "aw"]) world.report(agent, [config]);
    expect(world.monitor().asking).toBeNull();
    expect(world.monitor().shown.dc1).toBe("misconfigured");
  });

  it("[SAFE-8] does not go to a standby whose last fresh login is old", () => {
    const world = startWorld();
    settle(world);
    world.now += 1000;
    for (const agent of ["a1", "a2", "aw"]) world.report(agent, [down("dc1")]);
    for (const agent of ["a1", "a2", "aw"])
      world.answer(agent, [down("dc1"), up("dc2", { freshLoginAgeMs: 500_000 })]);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().alarm).toBe("ARB-20");
  });

  it("[SAFE-9] a new target version that was never seen up fails nothing over", () => {
    const world = startWorld();
    settle(world);
    const plan = makePlan({}, 2);
    const changed = plan.monitors.map((monitor) => ({
      ...monitor,
      dataCentres: monitor.dataCentres.map((dc) => (dc.name === "dc1" ? { ...dc, targetVersion: 2 } : dc)),
    }));
    world.event({ type: "plan", plan: { ...plan, monitors: changed } });
    world.now += 60_000;
    const typo = down("dc1", 60_000, { targetVersion: 2, sawUp: false });
    for (const agent of ["a1", "a2", "aw"]) world.report(agent, [typo, up("dc2")]);
    expect(world.monitor().asking).toBeNull();
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().shown.dc1).toBe("init-failed");
  });

  it("[SAFE-9] a new target version that only other sites saw up fails nothing over either", () => {
    const world = startWorld();
    settle(world);
    const plan = makePlan({}, 2);
    const monitors = plan.monitors.map((monitor) => ({
      ...monitor,
      dataCentres: monitor.dataCentres.map((dc) => (dc.name === "dc1" ? { ...dc, targetVersion: 2 } : dc)),
    }));
    world.event({ type: "plan", plan: { ...plan, monitors } });
    world.event({ type: "agent-disconnected", agentId: "a1" });
    for (const agent of ["a2", "aw"]) world.report(agent, [up("dc1", { targetVersion: 2 }), up("dc2")]);
    world.now += 2000;
    for (const agent of ["a2", "aw"])
      world.report(agent, [down("dc1", 2000, { targetVersion: 2 }), up("dc2")]);
    expect(world.monitor().asking).toBeNull();
    expect(world.monitor().route.epoch).toBe(1);
  });

  it("[SAFE-6] stops at the daily budget", () => {
    const world = startWorld({ settings: { budgetPerMonitorDay: 0 } });
    settle(world);
    failHome(world);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().alarm).toBe("ARB-21");
  });

  it("[ARB-19] moves nothing while no route store can be reached", () => {
    const world = startWorld();
    settle(world);
    const cutOff = [{ store: "main", reachable: false, words: "no quorum" }];
    for (const agent of ["a1", "a2", "aw"]) world.report(agent, [up("dc1")], cutOff);
    world.now += 1000;
    for (const agent of ["a1", "a2", "aw"]) world.report(agent, [down("dc1")], cutOff);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().alarm).toBe("ARB-19");
  });

  it("[SAFE-12] records and moves nothing while the instance observes", () => {
    const world = startWorld({ settings: { mode: "observe" } });
    settle(world);
    failHome(world);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.events("would-switch")).toEqual(["ARB-24"]);
  });

  it("[SAFE-12] tells a person once, however often the question is asked again", () => {
    const world = startWorld({ settings: { mode: "observe" } });
    settle(world);
    for (let round = 0; round < 5; round += 1) {
      failHome(world);
      world.now += 1500;
      world.event({ type: "tick" });
    }
    expect(world.events("would-switch")).toEqual(["ARB-24"]);
    for (const agent of ["a1", "a2", "aw"]) world.report(agent, [up("dc1"), up("dc2")]);
    world.now += 2000;
    world.event({ type: "tick" });
    failHome(world);
    expect(world.events("would-switch")).toEqual(["ARB-24", "ARB-24"]);
  });

  it("asks again after a question that was not answered in time", () => {
    const world = startWorld();
    settle(world);
    world.now += 1000;
    for (const agent of ["a1", "a2", "aw"]) world.report(agent, [down("dc1")]);
    world.answer("a2", [down("dc1"), up("dc2")]);
    world.now += 700;
    world.event({ type: "tick" });
    expect(world.monitor().asking).toBeNull();
    world.now += 1100;
    world.event({ type: "tick" });
    for (const agent of ["a1", "a2", "aw"]) world.answer(agent, [down("dc1", 3000), up("dc2")]);
    expect(world.monitor().route.epoch).toBe(2);
  });
});

describe("lineage [SAFE-1]", () => {
  it("a route that does not descend from ours stops everything until a person chooses, at the highest epoch plus one", () => {
    const world = startWorld();
    settle(world);
    const stored = {
      ...world.monitor().route,
      epoch: 9,
      decision: "dec_foreign",
      after: "dec_unknown",
      active: "dc2",
    };
    world.written("a2", { result: "fork", stored });
    failHome(world);
    expect(world.monitor().route.epoch).toBe(1);
    world.command(switchTo("dc2", 1));
    expect(world.replies.at(-1)?.reply).toMatchObject({ ok: false, refusal: { code: "switch-blocked" } });
    world.command(switchTo("dc2", 1, { force: true, reason: "dc2 is right", idempotencyKey: "force-key-1" }));
    expect(world.monitor().route).toMatchObject({ epoch: 10, active: "dc2" });
  });

  it("a direct successor in the store is taken over", () => {
    const world = startWorld();
    settle(world);
    const route = world.monitor().route;
    const stored = { ...route, epoch: 2, decision: "dec_later", after: route.decision, active: "dc2" };
    world.written("a2", { result: "ahead", stored });
    expect(world.monitor().route).toEqual(stored);
    expect(world.events("route-adopted")).toHaveLength(1);
  });

  it("a deleted monitor leaves a retired route", () => {
    const world = startWorld();
    settle(world);
    world.event({ type: "plan", plan: { ...makePlan({}, 2), monitors: [] } });
    expect(world.monitor().route).toMatchObject({ epoch: 2, phase: "retired", active: "dc1" });
  });
});

describe("an operator's command [SAFE-7]", () => {
  it("switches after a precheck, is final when the store has it, and repeats its answer for the same key", () => {
    const world = startWorld();
    settle(world);
    world.command(switchTo("dc2", 1));
    expect(world.replies).toEqual([]);
    for (const agent of ["a1", "a2", "aw"]) world.answer(agent, [up("dc1"), up("dc2")]);
    expect(world.replies.at(-1)).toMatchObject({
      final: false,
      reply: { ok: true, result: { status: "running", epoch: 2 } },
    });
    world.written("a1");
    expect(world.replies.at(-1)).toMatchObject({
      final: true,
      reply: { ok: true, result: { status: "done", active: "dc2" } },
    });
    world.command(switchTo("dc2", 1));
    expect(world.replies.at(-1)).toMatchObject({
      final: true,
      reply: { ok: true, result: { status: "done", epoch: 2 } },
    });
    expect(world.monitor().route.epoch).toBe(2);
  });

  it("is refused with state-changed when the person saw another epoch", () => {
    const world = startWorld();
    settle(world);
    world.command(switchTo("dc2", 7));
    expect(world.replies.at(-1)?.reply).toMatchObject({
      ok: false,
      refusal: { code: "state-changed", epoch: 1 },
    });
  });

  it("joins the same switch and is refused while another runs", () => {
    const world = startWorld({
      dataCentres: [
        { name: "dc1", site: "s1", priority: 1 },
        { name: "dc2", site: "s2", priority: 2 },
        { name: "dc3", site: "s2", priority: 3 },
      ],
    });
    settle(world);
    world.command(switchTo("dc2", 1));
    world.command(switchTo("dc2", 1, { idempotencyKey: "other-key-1" }));
    expect(world.replies.at(-1)?.reply).toMatchObject({ ok: true, result: { status: "joined" } });
    world.command(switchTo("dc3", 1));
    expect(world.replies.at(-1)?.reply).toMatchObject({ ok: false, refusal: { code: "switch-in-progress" } });
  });

  it("is blocked by an unhealthy target, and goes on with force", () => {
    const world = startWorld();
    settle(world);
    world.command(switchTo("dc2", 1));
    for (const agent of ["a1", "a2", "aw"]) world.answer(agent, [up("dc1"), down("dc2")]);
    expect(world.replies.at(-1)?.reply).toMatchObject({
      ok: false,
      refusal: { code: "switch-blocked", because: { id: "candidate-not-up" } },
    });
    world.command(switchTo("dc2", 1, { force: true, reason: "I know", idempotencyKey: "force-key-1" }));
    expect(world.monitor().route).toMatchObject({ epoch: 2, active: "dc2" });
  });

  it("switch back waits for unbroken health and arms again after its time", () => {
    const world = startWorld();
    settle(world);
    failHome(world);
    world.written("a2");
    world.command(switchTo("dc1", 2));
    for (const agent of ["a1", "a2", "aw"])
      world.answer(agent, [up("dc1", { healthyForMs: 5000 }), up("dc2")]);
    expect(world.replies.at(-1)?.reply).toMatchObject({
      ok: false,
      refusal: { because: { id: "home-not-proven" } },
    });
    world.command(switchTo("dc1", 2, { idempotencyKey: "second-key" }));
    for (const agent of ["a1", "a2", "aw"])
      world.answer(agent, [up("dc1", { healthyForMs: 61_000 }), up("dc2")]);
    world.written("a1");
    expect(world.monitor()).toMatchObject({ route: { epoch: 3, active: "dc1" }, armed: false });
    world.now += 600_000;
    world.event({ type: "tick" });
    expect(world.monitor().armed).toBe(true);
  });

  it("read/write flags are a new epoch with the same active side", () => {
    const world = startWorld();
    settle(world);
    const command = {
      dataCentre: "dc1",
      readable: true,
      writable: false,
      expectedEpoch: 1,
      idempotencyKey: "flags-key-1",
    };
    world.command({ type: "access", command });
    expect(world.monitor().route).toMatchObject({
      epoch: 2,
      active: "dc1",
      dataCentres: { dc1: { writable: false } },
    });
    expect(world.monitor().armed).toBe(true);
  });
});

describe("a running switch", () => {
  it("is sent again until a store has it, and to an agent that comes back", () => {
    const world = startWorld();
    settle(world);
    failHome(world);
    world.effects.length = 0;
    world.now += 600;
    world.event({ type: "tick" });
    expect(world.effects.filter((effect) => effect.type === "write-routes")).toHaveLength(1);
    expect(world.monitor().run?.position.step).toBe("write-route");
  });

  it("[SAFE-9] keeps its plan: home, data centres and existence change only after it", () => {
    const world = startWorld();
    settle(world);
    world.command(switchTo("dc2", 1, { force: true, reason: "a reason" }));
    expect(world.monitor().run).not.toBeNull();
    const third = { name: "dc3", site: "sw", priority: 3 };
    const dataCentres = [
      { name: "dc1", site: "s1", priority: 1 },
      { name: "dc2", site: "s2", priority: 2 },
      third,
    ];
    const changed = [
      makePlan({ monitor: { home: "dc2" } }, 2),
      makePlan({ dataCentres }, 2),
      { ...makePlan({}, 2), monitors: [] },
    ];
    const listCodes = () => changed.map((plan) => checkPlan(world.state, plan).map(({ code }) => code));
    expect(listCodes()).toEqual([["switch-in-progress"], ["switch-in-progress"], ["switch-in-progress"]]);
    expect(checkPlan(world.state, makePlan({ timing: { monitorTimeoutMs: 9000 } }, 2))).toEqual([]);
    world.written("a1");
    expect(world.monitor().run).toBeNull();
    expect(listCodes()).toEqual([[], [], []]);
  });

  it("does not end for the acknowledgement of an older epoch", () => {
    const world = startWorld();
    settle(world);
    failHome(world);
    const results = [
      {
        monitorId: MONITOR,
        store: "main",
        epoch: 1,
        step: null,
        tookMs: 1,
        outcome: { result: "stored" as const, written: true },
      },
    ];
    world.event({ type: "written", agentId: "a1", frame: { type: "written", results } });
    expect(world.monitor().run).not.toBeNull();
  });
});

it("decides the same from the same state, event and surroundings, and leaves its input as it was", () => {
  const world = startWorld({ timing: TIMING });
  settle(world);
  const before = structuredClone(world.state);
  const state = world.state;
  failHome(world);
  expect(state).toEqual(before);
});
