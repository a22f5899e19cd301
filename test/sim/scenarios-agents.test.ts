import { expect, it } from "vitest";
import { cutPower } from "./faults.ts";
import { MONITOR, targetOf } from "./installation.ts";
import { breakGlass, orderSwitch } from "./operators.ts";
import { begin, listEvents, listFollowed, lookAtSite, setDatabases, until } from "./scenario.ts";
import type { World } from "./world.ts";

function agentOf(world: World, site: string) {
  const found = world.agents.find((agent) => agent.site === site);
  if (found === undefined) throw new Error(`there is no agent in ${site}`);
  return found;
}

it("a report that is lost on its way is told again, whatever is acknowledged meanwhile [SAFE-10]", async () => {
  const world = await begin();
  // Acknowledgements are held up, so that one of an early report comes after a later one was lost.
  for (const site of world.sites) world.network.edge(site, "open", "stalled");
  setDatabases(world, "dc1", "dead");
  await world.run(1000);
  for (const site of world.sites) world.network.edge(site, "lost", "stalled");
  // Everybody's word that the monitor timeout has passed is swallowed, on connections that live on.
  await world.run(1200);
  for (const site of world.sites) world.network.edge(site, "open", "open");
  expect(world.row().asking).toBeNull();
  await until(world, () => listFollowed(world).s2 === "dc2 at 2", 2000);
  expect(listEvents(world, "agent-lost")).toEqual([]);
  expect(world.violations).toEqual([]);
});

it("a hello that never arrived is said again: pings are answered on a connection that nobody knows [SAFE-10]", async () => {
  const world = await begin();
  agentOf(world, "s1").kill();
  agentOf(world, "s1").start();
  // The handshake is done, the hello is on its way.
  await world.run(5);
  world.network.edge("s1", "lost", "lost");
  await world.run(500);
  world.network.edge("s1", "open", "open");
  const isBack = () => world.instance.view()?.agents.find(({ id }) => id === "agent-s1")?.connected === true;
  await world.run(3000);
  expect(isBack()).toBe(false);
  await until(world, isBack, 3000);
  expect(world.violations).toEqual([]);
});

it("an object that is evicted just before a site dies: who had an open socket was seen, so its absence counts [SAFE-3]", async () => {
  const world = await begin({ witness: false, links: true }, { siteSwitch: true, siteTimeoutMs: 5000 });
  world.instance.evict();
  cutPower(world, "s1");
  // An object that had never seen them would wait for three times the site time-out.
  await until(world, () => listFollowed(world).s2 === "dc2 at 2", 10_000);
  expect(listEvents(world, "switch-decided")).toEqual(["switch-decided: ARB-25"]);
  expect(world.violations).toEqual([]);
});

it("an agent that stood still during a probe does not take its own lateness for the target's [SAFE-10]", async () => {
  const world = await begin();
  const target = targetOf(MONITOR, "dc1");
  const lookUp = () => world.row().observations["agent-s1"]?.dc1;
  const before = lookUp();
  world.targets.become(target, "hanging");
  await until(world, () => world.targets.sight("s1", target)?.failingSinceMs != null, 600);
  agentOf(world, "s1").freeze(2000);
  world.targets.become(target, "up");
  await world.run(2500);
  expect(before?.observation.judgement.verdict).toBe("up");
  // Nothing had to be told: not a probe was failed.
  expect(lookUp()).toBe(before);
  expect(world.violations).toEqual([]);
});

it("an agent that stood still does not take its own silence for its peers': the lost site's links stay up [SAFE-3]", async () => {
  const world = await begin({ witness: false, links: true }, { siteSwitch: true, siteTimeoutMs: 5000 });
  world.network.edge("s1", "lost", "lost");
  setDatabases(world, "dc1", "dead");
  await world.run(8000);
  expect(lookAtSite(world, "s1").because.id).toBe("SITE-08");
  agentOf(world, "s2").freeze(3500);
  const seen = new Set<string>();
  for (let passedMs = 0; passedMs < 4500; passedMs += 1) {
    await world.run(1);
    seen.add(lookAtSite(world, "s1").because.id);
  }
  expect([...seen]).toEqual(["SITE-08"]);
  expect(listEvents(world, "switch-decided")).toEqual([]);
  expect(world.violations).toEqual([]);
});

it("a store that was put back and written by hand: SDKs keep the decision that they know, a person chooses [SAFE-1]", async () => {
  const world = await begin();
  const [store] = world.stores;
  store?.backUp();
  orderSwitch(world, MONITOR, { to: "dc2", idempotencyKey: "before-backup" });
  await until(world, () => listFollowed(world).s1 === "dc2 at 2", 1000);
  const forks: string[] = [];
  for (const { site, follower } of world.applications) {
    follower.subscribe({
      onRoute: (_monitor, route) => forks.push(`${site} follows ${route.active} at ${route.epoch}`),
      onConnected: () => undefined,
      onFork: (_monitor, _current, incoming) => forks.push(`${site} ignores ${incoming.active}`),
      onProblem: () => undefined,
    });
  }
  store?.restore();
  expect(breakGlass(world, MONITOR, "dc1")).toMatchObject({ epoch: 2, active: "dc1" });
  await until(world, () => world.row().fork !== null, 3000);
  expect(listFollowed(world)).toEqual({ s1: "dc2 at 2", s2: "dc2 at 2" });
  expect(forks.sort()).toEqual(["s1 ignores dc1", "s2 ignores dc1"]);
  expect(world.row().fork).toMatchObject({ epoch: 2, active: "dc1" });

  orderSwitch(world, MONITOR, {
    to: "dc2",
    idempotencyKey: "after-fork",
    force: true,
    reason: "dc2 has the data",
  });
  await until(world, () => listFollowed(world).s1 === "dc2 at 3", 2000);
  expect(world.row().fork).toBeNull();
  expect(world.violations).toEqual([]);
});

it("what a person wrote just before the store lost its quorum is taken over once it is back [SAFE-1]", async () => {
  const world = await begin();
  const [store] = world.stores;
  expect(breakGlass(world, MONITOR, "dc2")).toMatchObject({ epoch: 2, active: "dc2" });
  await world.run(900);
  // By the time that the agents look into it nobody answers.
  store?.setQuorum(false);
  // One agent cannot say so: for the control plane the store was never out of everybody's reach.
  world.network.edge("s1", "lost", "lost");
  await world.run(2500);
  expect(world.row().route.epoch).toBe(1);
  store?.setQuorum(true);
  await world.run(600);
  world.network.edge("s1", "open", "open");
  await until(world, () => world.row().route.epoch === 2, 4000);
  expect(listFollowed(world)).toEqual({ s1: "dc2 at 2", s2: "dc2 at 2" });
  expect(world.row()).toMatchObject({ fork: null, armed: false });
  expect(world.violations).toEqual([]);
});
