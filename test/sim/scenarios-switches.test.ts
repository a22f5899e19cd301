import { expect, it } from "vitest";
import { MONITOR, targetOf } from "./installation.ts";
import { orderSwitch } from "./operators.ts";
import { begin, listEvents, listFollowed, listHeld, look, setDatabases, stateOf, until } from "./scenario.ts";
import { SWITCH_BOUND_MS } from "./script.ts";

it("object evicted between two reports: it goes on with what is stored, and switches once [SAFE-7]", async () => {
  const world = await begin();
  setDatabases(world, "dc1", "dead");
  // After the first failed probes are reported, and again and again until the monitor timeout.
  for (let evicted = 0; evicted < 8; evicted += 1) {
    await world.run(200);
    world.instance.evict();
  }
  await until(world, () => listFollowed(world).s2 === "dc2 at 2", SWITCH_BOUND_MS - 1600);
  await world.run(3000);
  expect(listFollowed(world)).toEqual({ s1: "dc2 at 2", s2: "dc2 at 2" });
  expect(listEvents(world, "switch-decided", "switch-finished")).toEqual([
    "switch-decided: ARB-26",
    "switch-finished: switch-finished",
  ]);
  expect(look(world)).toMatchObject({ armed: false, switching: null });
  expect(world.violations).toEqual([]);
});

it("a stalled connection that bursts: old reports of a failure bring a question, and the answers refute it [SAFE-4]", async () => {
  const world = await begin();
  for (const site of world.sites) world.network.edge(site, "stalled", "open");
  setDatabases(world, "dc1", "dead");
  // Every site's reports of the failure, up to the monitor timeout, are held up.
  await world.run(2600);
  setDatabases(world, "dc1", "up");
  const before = world.instance.questions();
  for (const site of world.sites) world.network.edge(site, "open", "open");
  await world.run(200);
  expect(world.instance.questions()).toBe(before + 1);
  await world.run(8000);
  expect(listEvents(world, "switch-decided", "one-click", "would-switch")).toEqual([]);
  expect(listFollowed(world)).toEqual({ s1: "dc1 at 1", s2: "dc1 at 1" });
  expect(look(world)).toMatchObject({ armed: true, epoch: 1 });
  expect(world.violations).toEqual([]);
});

it("a store down at the switch and back later: the switch is done without it, and it gets the route when it is back", async () => {
  const world = await begin({ stores: "per-site" });
  const down = world.stores.find((store) => store.id === "etcd-s1");
  down?.setQuorum(false);
  await world.run(4000);
  setDatabases(world, "dc1", "dead");
  await until(world, () => listFollowed(world).s2 === "dc2 at 2", SWITCH_BOUND_MS);
  await world.run(2000);
  expect(listFollowed(world)).toEqual({ s1: "dc1 at 1", s2: "dc2 at 2" });
  expect(look(world)).toMatchObject({ switching: null, owedStores: ["etcd-s1"] });
  expect(listEvents(world, "switch-finished")).toHaveLength(1);

  down?.setQuorum(true);
  await until(world, () => listFollowed(world).s1 === "dc2 at 2", 8000);
  expect(listHeld(world)).toEqual({ "etcd-s1": "dc2 at 2", "etcd-s2": "dc2 at 2" });
  await until(world, () => look(world).owedStores.length === 0, 1000);
  expect(world.violations).toEqual([]);
});

it("a typo in a port: the new version was never seen up, so nothing fails over, and the mended one does [SAFE-9]", async () => {
  const world = await begin();
  const point = (version: number, typo: boolean) =>
    world.change((plan) => ({
      ...plan,
      monitors: plan.monitors.map((monitor) => ({
        ...monitor,
        dataCentres: monitor.dataCentres.map((dc) =>
          dc.name === "dc1"
            ? { ...dc, targetVersion: version, config: { target: targetOf(MONITOR, "dc1"), version, typo } }
            : dc,
        ),
      })),
    }));
  point(2, true);
  await world.run(20_000);
  expect(stateOf(world, "s1")).toBe("init-failed");
  expect(listEvents(world, "switch-decided", "one-click")).toEqual([]);
  expect(listFollowed(world)).toEqual({ s1: "dc1 at 1", s2: "dc1 at 1" });

  point(3, false);
  await until(world, () => stateOf(world, "s1") === "normal", 2000);
  setDatabases(world, "dc1", "dead");
  await until(world, () => listFollowed(world).s1 === "dc2 at 2", SWITCH_BOUND_MS);
  expect(world.violations).toEqual([]);
});

it("manual switch 100 ms after an automatic one: joined, stale or refused, never a second move [SAFE-7]", async () => {
  const world = await begin();
  setDatabases(world, "dc1", "dead");
  await until(world, () => world.row().route.epoch === 2, SWITCH_BOUND_MS);
  await world.run(100);
  // A person who saw epoch 1 a moment ago wants what was just done, or its opposite.
  const code = (to: string, expectedEpoch: number, idempotencyKey: string) =>
    orderSwitch(world, MONITOR, { to, expectedEpoch, idempotencyKey }).map(({ reply }) =>
      reply.ok ? reply.result.status : reply.refusal.code,
    );
  expect(code("dc2", 1, "late-to-dc2")).toEqual(["state-changed"]);
  expect(code("dc1", 1, "late-to-dc1")).toEqual(["state-changed"]);
  expect(code("dc2", 2, "seen-to-dc2")).toEqual(["unchanged"]);
  // Back home with the present epoch: asked, and refused, because home is dead.
  code("dc1", 2, "seen-to-dc1");
  await world.run(1000);
  expect(world.replies.filter((one) => one.idempotencyKey === "seen-to-dc1" && one.final)).toMatchObject([
    { reply: { ok: false, refusal: { code: "switch-blocked" } } },
  ]);
  expect(listFollowed(world)).toEqual({ s1: "dc2 at 2", s2: "dc2 at 2" });
  expect(listEvents(world, "switch-decided")).toEqual(["switch-decided: ARB-26"]);
  expect(world.violations).toEqual([]);
});

it("credentials rotated before a failover: kept sessions hide it, the fresh login does not [SAFE-8]", async () => {
  const world = await begin();
  world.targets.become(targetOf(MONITOR, "dc2"), "rotated");
  await world.run(100_000);
  // Everybody still sees it up through the sessions that were open.
  expect(stateOf(world, "s2")).toBe("normal");
  setDatabases(world, "dc1", "dead");
  await world.run(5000);
  expect(listFollowed(world)).toEqual({ s1: "dc1 at 1", s2: "dc1 at 1" });
  expect(listEvents(world, "one-click")).toEqual(["one-click: ARB-20"]);

  // The new password is put into the plan: a new version of the target, logged in to anew, and the switch follows.
  world.targets.become(targetOf(MONITOR, "dc2"), "up");
  world.change((plan) => ({
    ...plan,
    monitors: plan.monitors.map((monitor) => ({
      ...monitor,
      dataCentres: monitor.dataCentres.map((dc) =>
        dc.name === "dc2" ? { ...dc, targetVersion: 2, config: { ...dc.config, version: 2 } } : dc,
      ),
    })),
  }));
  await until(world, () => listFollowed(world).s1 === "dc2 at 2", SWITCH_BOUND_MS);
  expect(listEvents(world, "switch-decided")).toEqual(["switch-decided: ARB-26"]);
  expect(world.violations).toEqual([]);
});

it("SDK started without etcd on an old snapshot: it serves the snapshot after the hold, then the store's route, never back [SAFE-1]", async () => {
  const world = await begin();
  const application = world.applications.find((one) => one.site === "s1");
  if (application === undefined) throw new Error("there is no application in s1");
  const old = application.snapshot;
  expect(old[MONITOR]).toMatchObject({ active: "dc1", epoch: 1 });
  orderSwitch(world, MONITOR, { to: "dc2", idempotencyKey: "planned-move" });
  await until(world, () => listFollowed(world).s1 === "dc2 at 2", 1000);

  for (const store of world.stores) store.setQuorum(false);
  application.snapshot = old;
  world.startApplication("s1");
  const followed: string[] = [];
  application.follower.subscribe({
    onRoute: (_monitor, route) => followed.push(`${route.active} at ${route.epoch}`),
    onConnected: () => undefined,
    onFork: () => undefined,
    onProblem: () => undefined,
  });
  await world.run(4900);
  expect(listFollowed(world).s1).toBe("nothing");
  await world.run(200);
  expect(listFollowed(world).s1).toBe("dc1 at 1");
  expect(await application.follower.ready).toBe("snapshot");

  for (const store of world.stores) store.setQuorum(true);
  await until(world, () => listFollowed(world).s1 === "dc2 at 2", 2000);
  await world.run(5000);
  expect(followed).toEqual(["dc1 at 1", "dc2 at 2"]);
  expect(world.violations).toEqual([]);
});
