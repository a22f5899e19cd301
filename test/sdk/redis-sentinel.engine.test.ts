import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import type { StartedRedisNode } from "@evenkeel/lab/engines/redis-nodes";
import { expect } from "vitest";
import { eventually } from "../eventually.ts";
import { firstMasterOf, roleOf } from "./cluster-nodes.ts";
import type { RedisFamily } from "./redis-families.ts";
import { MASTER, SENTINEL_PASSWORD, startSentinels } from "./redis-sentinels.ts";
import { useRedisSites } from "./redis-sites.ts";
import { describeSwitches } from "./redis-sites-suite.ts";

/** An election on a busy machine, and another one if the first comes to nothing. */
const LONG = { timeout: 40_000, interval: 50 };
const PORT_BASE = 25_000;

const sites = useRedisSites(PORT_BASE, async (request) => ({
  east: await startSentinels({ name: "east", port: PORT_BASE + 100, request }),
  west: await startSentinels({ name: "west", port: PORT_BASE + 120, request }),
}));
const { it, open } = sites;

it("a failover that people order within a data centre is followed at once, while the old master still takes writes", async ({
  families: { west },
  desk,
}) => {
  await desk.route({ active: "dc1" });
  await west.isWell();
  const { client } = await open("west", "east");
  const before = await firstMasterOf(west);
  const successor = west.nodes.find(({ name }) => name !== before.name);
  const { addresses = [] } = west.source;
  const sentinel = { port: Number(addresses[0]?.split(":")[1]), password: SENTINEL_PASSWORD };
  await client.set("order:ordered", "before");
  // A sentinel refuses it for a while after another one.
  await eventually(() => useRedis(sentinel, (asked) => asked.call("SENTINEL", "FAILOVER", MASTER)), LONG);
  await eventually(async () => {
    const value = String(Math.random());
    await client.set("order:ordered", value);
    if (successor === undefined) throw new Error("there is no other server");
    expect(await roleOf(successor)).toBe("master");
    expect(await useRedis(successor, (asked) => asked.get("order:ordered"))).toBe(value);
  }, LONG);
  // Sentinels leave it as it is for some ten seconds.
  await useRedis(before, (asked) => asked.call("REPLICAOF", "127.0.0.1", successor?.port ?? 0));
});

describeSwitches(sites, "east", "west");

/** Brings a server back as the other one's replica, as sentinels do by themselves after some ten seconds. */
async function rejoin(family: RedisFamily, node: StartedRedisNode): Promise<void> {
  node.process.cont();
  await node.process.revive();
  const master = family.nodes.find(({ port }) => port !== node.port);
  if (master === undefined) throw new Error("there is no other server");
  await useRedis(node, (client) => client.call("REPLICAOF", "127.0.0.1", master.port));
  await family.isWell();
  await family.setHaste(false);
}

/** Where a key was written last, asked of the servers themselves. */
async function holderOf(family: RedisFamily, key: string, value: string): Promise<string> {
  const master = await firstMasterOf(family);
  const found = await useRedis(master, (client) => client.get(key));
  expect(found).toBe(value);
  return master.name;
}

it("a killed master's successor is followed without any change of the route", async ({ families, desk }) => {
  await desk.route({ active: "dc1" });
  const source = await open("east", "west");
  const { client } = source;
  const { east } = families;
  await client.set("order:kill", "before");
  const epoch = source.route()?.epoch;
  await east.isWell();
  await east.setHaste(true);
  const killed = await firstMasterOf(east);
  await killed.process.kill();
  await eventually(async () => expect(await client.set("order:kill", "after")).toBe("OK"), LONG);
  expect(source.route()?.epoch).toBe(epoch);
  expect(await holderOf(east, "order:kill", "after")).not.toBe(killed.name);
  await rejoin(east, killed);
  await client.set("order:kill", "last");
  expect(await holderOf(east, "order:kill", "last")).not.toBe(killed.name);
});

it("a master that hangs is left for its successor", async ({ families, desk }) => {
  await desk.route({ active: "dc1" });
  const { client } = await open("east", "west", {}, { connectTimeoutMs: 500 });
  await client.set("order:hung", "before");
  await families.east.isWell();
  await families.east.setHaste(true);
  const hung = await firstMasterOf(families.east);
  hung.process.stop();
  await eventually(async () => expect(await client.set("order:hung", "after")).toBe("OK"), LONG);
  await rejoin(families.east, hung);
  expect(await holderOf(families.east, "order:hung", "after")).not.toBe(hung.name);
});

it("writes are copied from sentinels to sentinels, also past a failover there, and reads go to the nearest", async ({
  families,
  desk,
}) => {
  await desk.route({ active: "dc1" });
  const algorithm = "local-read-async-double-write" as const;
  const { client, copies } = await open("east", "west", {
    router: { active: "dc1", algorithm, nearest: "dc2" },
  });
  const there = () => families.west.use((asked) => asked.get("order:copied"));
  await client.set("order:copied", "first");
  await eventually(async () => expect(await there()).toBe("first"));
  await eventually(async () => expect(await client.get("order:copied")).toBe("first"));
  await families.west.isWell();
  await families.west.setHaste(true);
  const killed = await firstMasterOf(families.west);
  await killed.process.kill();
  await eventually(async () => {
    await client.set("order:copied", "second");
    expect(await there()).toBe("second");
  }, LONG);
  await eventually(() => expect(copies?.status().map(({ queued }) => queued)).toEqual([0, 0]));
  await rejoin(families.west, killed);
});
