import { CLEAR_FACTS, explain } from "@evenkeel/core/arbitration/explain";
import { type Facts, RULES, type Rule } from "@evenkeel/core/arbitration/rules";
import { describe, expect, it } from "vitest";
import { down, failHome, MONITOR, settle, startWorld, up, type World } from "./world.ts";

const foretold = (world: World) => {
  const found = explain(world.state, MONITOR, world.now);
  if (found === null) throw new Error("the monitor is planned");
  const [target, site] = found.foretold;
  if (target === undefined || site === undefined) throw new Error("both faults are foretold");
  return { target, site };
};

describe("what would happen if a fault came now [SAFE-12]", () => {
  it("names the data centre, the time, and no blocker where the switch is automatic", () => {
    const world = startWorld();
    settle(world);
    const { target, site } = foretold(world);
    expect(target).toMatchObject({
      level: "automatic",
      lost: "dc1",
      to: "dc2",
      blockers: [],
      decidesInMs: 1000,
    });
    expect(site).toMatchObject({ level: "automatic", lost: "s1", to: "dc2", decidesInMs: 4000 });
  });

  it("is what then happens", () => {
    const world = startWorld();
    settle(world);
    const { target } = foretold(world);
    failHome(world);
    expect(world.monitor().route.active).toBe(target.to);
  });

  it("lists every blocker, the first one first", () => {
    const world = startWorld({
      settings: { mode: "hold", budgetPerMonitorDay: 0 },
      monitor: { automatic: false },
    });
    settle(world);
    world.report("a2", [down("dc2", 5000)]);
    const ids = foretold(world).target.blockers.map((why) => why.id);
    expect(ids).toEqual(["PROT-15", "PROT-16", "PROT-20", "PROT-21"]);
  });

  it("two sites: the loss of one is automatic only with links to bear witness and the switch on", () => {
    for (const [siteSwitch, state, level] of [
      [true, "up", "automatic"],
      [false, "up", "one-click"],
      [true, "unknown", "one-click"],
    ] as const) {
      const sites = ["s1", "s2"].map((id) => ({ id, kind: "data" as const }));
      const world = startWorld({ sites, settings: { siteSwitch } });
      world.links.a2 = [{ agentId: "a1", site: "s1", state, ageMs: 1, roundTripMs: null }];
      for (const [agent, site] of [
        ["a1", "s1"],
        ["a2", "s2"],
      ] as const) {
        world.connect(agent, site);
        world.report(agent, [up("dc1"), up("dc2")]);
      }
      expect(foretold(world).site.level).toBe(level);
    }
  });

  it("knows nothing of a monitor that is not planned", () => {
    expect(explain(startWorld().state, "mon_nowhere1", 1)).toBeNull();
  });
});

it("every rule but a switch names a value that a switch cannot have, so that the list of blockers ends", () => {
  const endless = RULES.filter((rule: Rule) => rule.outcome !== "switch").filter((rule: Rule) =>
    Object.entries(rule.when).every(([name, value]) => CLEAR_FACTS[name as keyof Facts] === value),
  );
  expect(endless).toEqual([]);
});
