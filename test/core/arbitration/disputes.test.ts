import { describe, expect, it } from "vitest";
import { down, failHome, settle, startWorld, up } from "./world.ts";

/** Monitor timeout 1000 ms, access timeout 200 ms, retry interval 200 ms: by then everybody must have noticed. */
const NOTICED_MS = 1400;

describe("sites that contradict each other [SAFE-2]", () => {
  it("are not asked while the others may merely be a probe behind", () => {
    const world = startWorld();
    settle(world);
    world.report("aw", [down("dc1", NOTICED_MS - 1)]);
    expect(world.monitor().asking).toBeNull();
  });

  it("are asked once, whoever is wrong is blind from then on, and its vote excuses nobody", () => {
    const world = startWorld();
    settle(world);
    world.report("aw", [down("dc1", NOTICED_MS)]);
    expect(world.monitor().asking).not.toBeNull();
    world.answer("a1", [up("dc1"), up("dc2")]);
    world.answer("a2", [up("dc1"), up("dc2")]);
    world.answer("aw", [down("dc1", NOTICED_MS + 10), up("dc2")]);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().asking).toBeNull();
    world.now += 60_000;
    world.event({ type: "tick" });
    expect(world.monitor().asking).toBeNull();
    // The witness's way to dc1 is broken: its old "down" must not be the second domain when dc1's own site fails.
    world.report("a1", [down("dc1")]);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().asking).toBeNull();
  });

  it("stay blind with every further report of the same failure", () => {
    const world = startWorld();
    settle(world);
    world.report("aw", [down("dc1", NOTICED_MS)]);
    world.answer("a1", [up("dc1"), up("dc2")]);
    world.answer("a2", [up("dc1"), up("dc2")]);
    world.answer("aw", [down("dc1", NOTICED_MS + 10), up("dc2")]);
    world.now += 5000;
    world.report("aw", [down("dc1", NOTICED_MS + 5010)]);
    world.report("a1", [down("dc1")]);
    expect(world.monitor().route.epoch).toBe(1);
    expect(world.monitor().asking).toBeNull();
  });

  it("are believed again once they have seen the target up", () => {
    const world = startWorld();
    settle(world);
    world.report("aw", [down("dc1", NOTICED_MS)]);
    world.answer("a1", [up("dc1"), up("dc2")]);
    world.answer("a2", [up("dc1"), up("dc2")]);
    world.answer("aw", [down("dc1", NOTICED_MS + 10), up("dc2")]);
    world.report("aw", [up("dc1")]);
    failHome(world);
    expect(world.monitor().route.active).toBe("dc2");
  });

  it("turn out right when everybody confirms it: the switch goes on", () => {
    const world = startWorld();
    settle(world);
    world.report("aw", [down("dc1", NOTICED_MS)]);
    for (const agent of ["a1", "a2", "aw"]) world.answer(agent, [down("dc1", NOTICED_MS), up("dc2")]);
    expect(world.monitor().route.active).toBe("dc2");
  });
});
