import type { PeerLink } from "@evenkeel/contracts/agent-protocol";
import { renderLiveView } from "@evenkeel/core/arbitration/live-view";
import { describe, expect, it } from "vitest";
import { down, startWorld, up, type World, type WorldOptions } from "./world.ts";

/** Two data sites and no witness: the edge is the third vote. */
const TWO: NonNullable<WorldOptions["sites"]> = [
  { id: "s1", kind: "data" },
  { id: "s2", kind: "data" },
];

const link = (agentId: string, site: string, state: PeerLink["state"]): PeerLink => ({
  agentId,
  site,
  state,
  ageMs: 5000,
  roundTripMs: state === "unknown" ? null : 1,
});

/** Both sites connected, both targets up, the links between the agents as given. */
function startTwo(siteSwitch: boolean, state: PeerLink["state"] = "up"): World {
  const world = startWorld({ sites: TWO, settings: { siteSwitch } });
  world.links.a1 = [link("a2", "s2", state)];
  world.links.a2 = [link("a1", "s1", state)];
  for (const [agent, site] of [
    ["a1", "s1"],
    ["a2", "s2"],
  ] as const) {
    world.connect(agent, site);
    world.report(agent, [up("dc1"), up("dc2")]);
  }
  world.written("a2");
  return world;
}

/** Site s1 loses power: its agent's connection ends and dc1 stops to answer. */
function losePower(world: World, state: PeerLink["state"] = "cut"): void {
  world.event({ type: "agent-disconnected", agentId: "a1" });
  world.now += 1000;
  world.links.a2 = [link("a1", "s1", state)];
  world.report("a2", [down("dc1"), up("dc2")]);
}

function passTimeout(world: World): void {
  world.now += 20_000;
  world.event({ type: "tick" });
}

const answerAll = (world: World) => world.answer("a2", [down("dc1", 21_000), up("dc2")]);

describe("a site that is lost as a whole [SAFE-3]", () => {
  it("moves what stands there once the site time-out has passed, and not before", () => {
    const world = startTwo(true);
    losePower(world);
    expect(world.monitor().asking).toBeNull();
    passTimeout(world);
    answerAll(world);
    expect(world.monitor().route).toMatchObject({ active: "dc2", epoch: 2, decidedBy: "ARB-25" });
    expect(world.monitor().route.dataCentres.dc1?.readable).toBe(false);
    expect(world.events("site-lost")).toEqual(["SITE-13"]);
  });

  it("raises one alarm and moves nothing while the data-centre-level switch is off", () => {
    const world = startTwo(false);
    losePower(world);
    passTimeout(world);
    passTimeout(world);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().asking).toBeNull();
    expect(world.events("site-lost")).toEqual(["SITE-12"]);
    const [site] = renderLiveView(world.state, [], world.now).sites;
    expect(site).toMatchObject({ state: "lost", active: [world.monitor().id] });
  });

  it("is told once, and again when it is back", () => {
    const world = startTwo(false);
    losePower(world);
    passTimeout(world);
    world.connect("a1", "s1", "a1-boot-2");
    expect(world.events("site-returned")).toEqual(["SITE-02"]);
  });

  const spared: [string, string, (world: World) => void][] = [
    ["its targets answer another site", "SITE-07", (world) => world.report("a2", [up("dc1"), up("dc2")])],
    [
      "its agents answer another site's",
      "SITE-08",
      (world) => {
        world.links.a2 = [link("a1", "s1", "up")];
        world.report("a2", [down("dc1"), up("dc2")]);
      },
    ],
    [
      "no other site ever had a sight of its targets",
      "SITE-10",
      (world) => world.report("a2", [down("dc1", 1000, { sawUp: false }), up("dc2")]),
    ],
    [
      "no link ever was there to be cut",
      "SITE-11",
      (world) => {
        world.links.a2 = [link("a1", "s1", "unknown")];
        world.report("a2", [down("dc1"), up("dc2")]);
      },
    ],
    [
      "nobody else is connected",
      "SITE-06",
      (world) => world.event({ type: "agent-disconnected", agentId: "a2" }),
    ],
  ];
  it.each(spared)("moves nothing while %s", (_, rule, change) => {
    const world = startTwo(true);
    losePower(world);
    change(world);
    passTimeout(world);
    expect(world.monitor().asking).toBeNull();
    expect(world.monitor().route.epoch).toBe(1);
    expect(new Set(world.events("site-lost"))).toEqual(new Set([rule]));
  });

  it("is not what an eviction looks like: absence does not count for an agent that this incarnation never saw", () => {
    const world = startTwo(true);
    losePower(world);
    const { a1, a2 } = world.state.agents;
    if (a1 === undefined || a2 === undefined) throw new Error("both agents are known");
    const agents = { a1: { ...a1, seen: false, heardAtMs: 0 }, a2 };
    world.state = { ...world.state, startedAtMs: world.now, agents };
    passTimeout(world);
    expect(world.events("site-lost")).toEqual([]);
    expect(world.monitor().route.epoch).toBe(1);
    // Three times the site time-out later the absence is believed.
    world.now += 40_000;
    world.event({ type: "tick" });
    expect(world.events("site-lost")).toEqual(["SITE-13"]);
  });

  it("[SAFE-4] is called off by an answer that hears the target, or by a link that is up", () => {
    for (const state of ["cut", "up"] as const) {
      const world = startTwo(true);
      losePower(world);
      passTimeout(world);
      world.links.a2 = [link("a1", "s1", state)];
      world.answer("a2", [state === "cut" ? up("dc1") : down("dc1", 21_000), up("dc2")]);
      expect(world.monitor().route.epoch).toBe(1);
      expect(world.monitor().asking).toBeNull();
    }
  });

  it("[SAFE-4] is not confirmed by an answer that knows nothing of the links any more", () => {
    const world = startTwo(true);
    losePower(world);
    passTimeout(world);
    expect(world.monitor().asking).not.toBeNull();
    world.links.a2 = [];
    answerAll(world);
    expect(world.monitor().route.epoch).toBe(1);
  });

  it("[SAFE-4] is called off when an agent of the site comes back while the question is out", () => {
    const world = startTwo(true);
    losePower(world);
    passTimeout(world);
    world.connect("a1", "s1", "a1-boot-2");
    answerAll(world);
    expect(world.monitor().route.epoch).toBe(1);
  });

  it("[SAFE-8] moves nothing to a candidate that does not answer now", () => {
    const world = startTwo(true);
    losePower(world);
    passTimeout(world);
    world.answer("a2", [down("dc1", 21_000), down("dc2", 100)]);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().alarm).toBe("ARB-20");
  });

  it("[SAFE-9] does not move a monitor whose settings were never seen to work", () => {
    const world = startWorld({ sites: TWO, settings: { siteSwitch: true } });
    world.links.a2 = [link("a1", "s1", "up")];
    world.connect("a1", "s1");
    world.connect("a2", "s2");
    world.report("a1", [down("dc1", 500, { sawUp: false }), up("dc2")]);
    world.report("a2", [down("dc1"), up("dc2")]);
    losePower(world);
    passTimeout(world);
    expect(world.monitor().asking).toBeNull();
    expect(world.monitor().route.epoch).toBe(1);
  });
});
