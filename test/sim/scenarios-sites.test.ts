import { expect, it } from "vitest";
import { cutPower } from "./faults.ts";
import { MONITOR, targetOf } from "./installation.ts";
import { orderSwitch } from "./operators.ts";
import {
  begin,
  listEvents,
  listFollowed,
  listHeld,
  look,
  lookAtSite,
  setDatabases,
  until,
} from "./scenario.ts";
import { SWITCH_BOUND_MS } from "./script.ts";

/** Beyond every time-out of these scenarios, in virtual milliseconds. */
const LONG_MS = 30_000;

it("two sites without witness, dc1 loses power: an alarm with one click, which is obeyed without force [SAFE-3]", async () => {
  const world = await begin({ witness: false, stores: "per-site" });
  cutPower(world, "s1");
  await world.run(LONG_MS);
  expect(listFollowed(world)).toEqual({ s1: "dc1 at 1", s2: "dc1 at 1" });
  expect(listEvents(world, "one-click")).toContain("one-click: ARB-13");
  expect(lookAtSite(world, "s1")).toMatchObject({ active: [MONITOR] });

  const took = orderSwitch(world, MONITOR, { to: "dc2", idempotencyKey: "one-click-1" });
  expect(took.every(({ reply }) => reply.ok)).toBe(true);
  await until(world, () => listFollowed(world).s2 === "dc2 at 2", 1000);
  expect(look(world)).toMatchObject({ active: "dc2", epoch: 2, owedStores: ["etcd-s1"] });
  expect(world.violations).toEqual([]);
});

it("two sites without witness, dc1 loses power: with links between agents dc2 can tell, and moves if it may [SAFE-3]", async () => {
  for (const siteSwitch of [false, true]) {
    const world = await begin({ witness: false, links: true }, { siteSwitch, siteTimeoutMs: 5000 });
    cutPower(world, "s1");
    await world.run(12_000);
    expect(lookAtSite(world, "s1")).toMatchObject({ because: { id: siteSwitch ? "SITE-13" : "SITE-12" } });
    expect(listEvents(world, "switch-decided")).toEqual(siteSwitch ? ["switch-decided: ARB-25"] : []);
    expect(listFollowed(world).s2).toBe(siteSwitch ? "dc2 at 2" : "dc1 at 1");
    expect(world.violations).toEqual([]);
  }
});

it("a cable between dc1 and dc2 is cut: both sites call each other lost, the control plane hears both, nothing moves", async () => {
  const world = await begin({ witness: false, links: true }, { siteSwitch: true, siteTimeoutMs: 5000 });
  world.network.cut("s1", "s2", true);
  await world.run(LONG_MS);
  expect(lookAtSite(world, "s1").because.id).toBe("SITE-02");
  expect(lookAtSite(world, "s2").because.id).toBe("SITE-02");
  expect(listEvents(world, "switch-decided", "site-lost")).toEqual([]);
  expect(listFollowed(world)).toEqual({ s1: "dc1 at 1", s2: "dc1 at 1" });
  expect(world.violations).toEqual([]);
});

it("dc1's agents restarted while a witness never reached its target: nobody who cannot tell counts as down [SAFE-2]", async () => {
  const world = await begin({}, {}, ({ network }) => network.cut("sw", "s1", true));
  await world.run(5000);
  expect(look(world).dataCentres[0]).toMatchObject({
    name: "dc1",
    votes: { s1: "up", s2: "up", sw: "blind" },
  });
  for (const agent of world.agents) if (agent.site !== "sw") agent.kill();
  await world.run(6000);
  expect(look(world).dataCentres[0]?.votes).toEqual({ s1: "silent", s2: "silent", sw: "blind" });
  // They come back to a target that does not answer at first: they never saw it up either.
  setDatabases(world, "dc1", "hanging");
  for (const agent of world.agents) agent.start();
  await world.run(6000);
  expect(look(world).dataCentres[0]?.votes).toEqual({ s1: "blind", s2: "blind", sw: "blind" });
  setDatabases(world, "dc1", "up");
  await world.run(2000);
  expect(look(world).dataCentres[0]?.votes).toEqual({ s1: "up", s2: "up", sw: "blind" });
  expect(listFollowed(world)).toEqual({ s1: "dc1 at 1", s2: "dc1 at 1" });
  expect(listEvents(world, "switch-decided", "one-click")).toEqual([]);
  expect(world.violations).toEqual([]);
});

it("edge reaches only dc2 with a store per site: a person moves dc2's applications, dc1's follow when it is back", async () => {
  const world = await begin({ witness: false, stores: "per-site" }, { siteSwitch: true });
  world.network.edge("s1", "lost", "lost");
  await world.run(LONG_MS);
  expect(listFollowed(world)).toEqual({ s1: "dc1 at 1", s2: "dc1 at 1" });
  // dc2 hears dc1's target answer: the control plane is cut off, not dc1.
  expect(lookAtSite(world, "s1").because.id).toBe("SITE-07");
  expect(listEvents(world, "switch-decided")).toEqual([]);

  orderSwitch(world, MONITOR, { to: "dc2", idempotencyKey: "only-dc2-01" });
  await until(world, () => listFollowed(world).s2 === "dc2 at 2", 1000);
  await world.run(5000);
  expect(listFollowed(world)).toEqual({ s1: "dc1 at 1", s2: "dc2 at 2" });
  expect(listHeld(world)).toEqual({ "etcd-s1": "dc1 at 1", "etcd-s2": "dc2 at 2" });
  expect(look(world)).toMatchObject({ active: "dc2", switching: null, owedStores: ["etcd-s1"] });

  world.network.edge("s1", "open", "open");
  await until(world, () => listFollowed(world).s1 === "dc2 at 2", 12_000);
  await until(world, () => look(world).owedStores.length === 0, 1000);
  expect(world.violations).toEqual([]);
});

it("deploy while all agents reconnect: absence after a deploy is no lost site, and the next failure still switches [SAFE-3]", async () => {
  const world = await begin({}, { siteSwitch: true, siteTimeoutMs: 3000 });
  world.instance.deploy();
  world.cutAllSockets();
  // dc1's agents find no way back while the other sites cannot reach its databases: all looks like a lost site.
  world.network.edge("s1", "lost", "lost");
  for (const other of ["s2", "sw"]) world.network.cut("s1", other, true);
  await world.run(8000);
  expect(lookAtSite(world, "s1").because.id).toBe("SITE-04");
  expect(listEvents(world, "switch-decided", "site-lost")).toEqual([]);
  expect(listFollowed(world)).toEqual({ s1: "dc1 at 1", s2: "dc1 at 1" });

  world.network.edge("s1", "open", "open");
  for (const other of ["s2", "sw"]) world.network.cut("s1", other, false);
  await until(world, () => lookAtSite(world, "s1").because.id === "SITE-02", 12_000);
  setDatabases(world, "dc1", "dead");
  await until(world, () => listFollowed(world).s1 === "dc2 at 2", SWITCH_BOUND_MS);
  expect(listEvents(world, "switch-decided")).toEqual(["switch-decided: ARB-26"]);
  expect(world.violations).toEqual([]);
});

it("dc1 flapping at switch back: refused until it has been healthy for long enough, armed only later [SAFE-6]", async () => {
  const world = await begin({}, { switchBackHealthMs: 5000, rearmAfterMs: 8000 });
  setDatabases(world, "dc1", "dead");
  await until(world, () => listFollowed(world).s2 === "dc2 at 2", SWITCH_BOUND_MS);
  for (let flap = 0; flap < 5; flap += 1) {
    setDatabases(world, "dc1", "up");
    await world.run(3000);
    orderSwitch(world, MONITOR, { to: "dc1", idempotencyKey: `flapping-${flap}` });
    await world.run(300);
    setDatabases(world, "dc1", "dead");
    await world.run(1000);
  }
  expect(listEvents(world, "switch-blocked")).toEqual(Array(5).fill("switch-blocked: home-not-proven"));
  expect(listFollowed(world)).toEqual({ s1: "dc2 at 2", s2: "dc2 at 2" });

  setDatabases(world, "dc1", "up");
  await world.run(6500);
  orderSwitch(world, MONITOR, { to: "dc1", idempotencyKey: "flapping-no-more" });
  await until(world, () => listFollowed(world).s1 === "dc1 at 3", 1000);
  expect(look(world).armed).toBe(false);
  // Not armed yet: what fails now moves nothing by itself.
  world.targets.become(targetOf(MONITOR, "dc1"), "dead");
  await world.run(4000);
  expect(listFollowed(world)).toEqual({ s1: "dc1 at 3", s2: "dc1 at 3" });
  expect(listEvents(world, "one-click")).toContain("one-click: ARB-18");
  world.targets.become(targetOf(MONITOR, "dc1"), "up");
  await until(world, () => look(world).armed, 8000);
  expect(world.violations).toEqual([]);
});
