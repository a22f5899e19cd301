import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import type { StartedRedisNode } from "@evenkeel/lab/engines/redis-nodes";
import { expect } from "vitest";
import type { RedisSource } from "../../sdk/open-redis.ts";
import { eventually } from "../eventually.ts";
import { firstMasterOf, mastersOf, moveSlot, roleOf } from "./cluster-nodes.ts";
import { type RedisFamily, startCluster, startServer } from "./redis-families.ts";
import { useRedisSites } from "./redis-sites.ts";
import { describeSwitches } from "./redis-sites-suite.ts";
import { nextSwitch } from "./use-two-sites.ts";

/** An election on a busy machine, and another one if the first comes to nothing. */
const LONG = { timeout: 40_000, interval: 50 };
const PORT_BASE = 25_300;
const SLOTS = 16_384;
/** Calls that are under way at a time. */
const CALLS = 60;
/** Of different slots, which the three masters share. */
const KEYS = Array.from({ length: CALLS }, (_, at) => `order:spread-${at}`);

const sites = useRedisSites(PORT_BASE, async (request) => {
  const [six, three, one] = await Promise.all([
    startCluster({ name: "six", port: PORT_BASE + 100, request }, 6),
    startCluster({ name: "three", port: PORT_BASE + 150, request }, 3),
    startServer({ name: "one", port: PORT_BASE + 190, request }),
  ]);
  return { six, three, one };
});
const { it, open } = sites;

describeSwitches(sites, "six", "three");
describeSwitches(sites, "one", "six", 50);

it("a killed master's successor is followed without any change of the route", async ({ families, desk }) => {
  await desk.route({ active: "dc1" });
  const source = await open("six", "one");
  const { client } = source;
  const setAll = (value: string) => Promise.all(KEYS.map((key) => client.set(key, value)));
  await setAll("before");
  const epoch = source.route()?.epoch;
  await families.six.setHaste(true);
  const killed = await firstMasterOf(families.six);
  await killed.process.kill();
  await eventually(async () => expect(new Set(await setAll("after"))).toEqual(new Set(["OK"])), LONG);
  expect(source.route()?.epoch).toBe(epoch);
  const values = await families.six.use((asked) => Promise.all(KEYS.map((key) => asked.get(key))));
  expect(new Set(values)).toEqual(new Set(["after"]));
  await killed.process.revive();
  await families.six.isWell();
  await families.six.setHaste(false);
  expect(await roleOf(killed)).toBe("slave");
});

it("a master that hangs is left for its successor", async ({ families, desk }) => {
  await desk.route({ active: "dc1" });
  const { client } = await open("six", "one", {}, { connectTimeoutMs: 500 });
  const setAll = (value: string) => Promise.all(KEYS.map((key) => client.set(key, value)));
  await setAll("before");
  await families.six.setHaste(true);
  const hung = await firstMasterOf(families.six);
  hung.process.stop();
  await eventually(async () => expect(new Set(await setAll("after"))).toEqual(new Set(["OK"])), LONG);
  hung.process.cont();
  await eventually(async () => expect(await roleOf(hung)).toBe("slave"), LONG);
  await families.six.isWell();
  await families.six.setHaste(false);
});

it("slots that move from node to node while they are used lose no call", async ({ families, desk }) => {
  await desk.route({ active: "dc1" });
  const { client } = await open("three", "one");
  const key = "order:moving";
  const slot = await families.three.use(async (asked) => Number(await asked.cluster("KEYSLOT", key)));
  let counted = 0;
  let isOver = false;
  const count = async (increment: () => Promise<unknown>): Promise<void> => {
    while (!isOver) {
      await increment();
      counted += 1;
    }
  };
  const pipelined = async (): Promise<void> => {
    const [[error] = [null]] = (await client.pipeline().incr(key).exec()) ?? [];
    if (error !== null) throw error;
  };
  const counting = [count(() => client.incr(key)), count(() => client.incr(key)), count(pipelined)];
  // Where a transaction is sent on Redis itself may refuse it, and then has done nothing of it.
  let answered = 0;
  const transact = async (): Promise<void> => {
    for (; !isOver; answered += 1) {
      const chain = client.multi().incr(key);
      const increments = await chain.exec().then(
        () => 1,
        () => 0,
      );
      counted += increments;
    }
  };
  const transacted = transact();
  for (let round = 0; round < 4; round += 1) {
    const before = [counted, answered] as const;
    await moveSlot(families.three, slot, key);
    await eventually(() => {
      expect(counted).toBeGreaterThan(before[0] + 10);
      expect(answered).toBeGreaterThan(before[1] + 1);
    });
  }
  isOver = true;
  await Promise.all([...counting, transacted]);
  expect(await client.get(key)).toBe(String(counted));
});

it("a call whose answer was lost is not sent again: it may have been done", async ({ families, desk }) => {
  await desk.route({ active: "dc1" });
  const { client } = await open("three", "one");
  let failed = 0;
  let counted = 0;
  let isOver = false;
  const count = async (key: string): Promise<void> => {
    while (!isOver) {
      await client.incr(key).then(
        () => (counted += 1),
        () => (failed += 1),
      );
    }
  };
  const counting = KEYS.map((key) => count(`${key}:counted`));
  for (let round = 0; round < 12; round += 1) {
    const before = counted;
    const node = families.three.nodes[round % 3];
    // The others stand: ioredis would send it again, unless it is told not to.
    if (node !== undefined) await useRedis(node, (asked) => asked.call("CLIENT", "KILL", "TYPE", "normal"));
    await eventually(() => expect(counted).toBeGreaterThan(before + CALLS));
  }
  isOver = true;
  await Promise.all(counting);
  const values = await Promise.all(KEYS.map(async (key) => Number(await client.get(`${key}:counted`))));
  const done = values.reduce((sum, value) => sum + value, 0);
  console.log(`${counted} calls were answered and ${failed} not; ${done} were done`);
  expect(done).toBeGreaterThanOrEqual(counted);
  expect(done).toBeLessThanOrEqual(counted + failed);
});

/** Calls that could not be sent are tried for as long as any of these tests lasts. */
const PATIENT: SdkConfigInput["router"] = {
  ...{ active: "dc1", algorithm: "single-read-write" },
  retry: { times: 100, delayMs: 300 },
};

/** Kills a master, and waits until the source has heard of it: what was written before may have been done. */
async function killNoticed(source: RedisSource, family: RedisFamily): Promise<StartedRedisNode> {
  const killed = await firstMasterOf(family);
  const isNoticed = new Promise<void>((resolve) => {
    source.on("warm", ({ dataCentre, ready }) => {
      if (dataCentre === "dc1" && !ready) resolve();
    });
  });
  await killed.process.kill();
  await isNoticed;
  return killed;
}

it("what was not sent to a master that is dead waits for its successor, as long as is configured", async ({
  families: { six },
  desk,
}) => {
  await desk.route({ active: "dc1" });
  const source = await open("six", "one", { router: PATIENT });
  const setAll = (value: string) => Promise.all(KEYS.map((key) => source.client.set(key, value)));
  await setAll("before");
  await six.setHaste(true);
  const killed = await killNoticed(source, six);
  expect(new Set(await setAll("after"))).toEqual(new Set(["OK"]));
  await killed.process.revive();
  await six.isWell();
  await six.setHaste(false);
});

it("what was not sent to a master that is dead goes on at the other side when that becomes active", async ({
  families: { six, one },
  desk,
}) => {
  await desk.route({ active: "dc1" });
  const source = await open("six", "one", { router: PATIENT });
  const keys = KEYS.map((key) => `${key}:moved`);
  const setAll = (value: string) => Promise.all(keys.map((key) => source.client.set(key, value)));
  await setAll("before");
  const killed = await killNoticed(source, six);
  const waiting = setAll("after");
  const switched = nextSwitch(source);
  // What was written to the other masters may finish there.
  await desk.route({ active: "dc2", decidedBy: "operator:a test" });
  await switched;
  expect(new Set(await waiting)).toEqual(new Set(["OK"]));
  await killed.process.revive();
  await six.isWell();
  // Each stands on one side, whichever.
  const values = (family: RedisFamily) =>
    family.use((asked) => Promise.all(keys.map((key) => asked.get(key))));
  const [there, here] = [await values(six), await values(one)];
  expect(keys.filter((_, at) => (there[at] === "after") === (here[at] === "after"))).toEqual([]);
  expect(here).toContain("after");
});

it("what several nodes would have to do is refused, and Redis's own refusals pass", async ({
  families,
  desk,
}) => {
  await desk.route({ active: "dc1" });
  const { client } = await open("three", "one");
  const apart = { code: "EVENKEEL_SEVERAL_NODES", retryable: false };
  for (const chain of [client.pipeline(), client.multi()]) {
    for (const key of KEYS) chain.set(key, "never");
    await expect(chain.exec()).rejects.toMatchObject(apart);
  }
  const told = await new Promise((resolve) =>
    client
      .pipeline()
      .mget(...KEYS)
      .exec(resolve),
  );
  expect(told).toMatchObject(apart);
  await expect(client.scan(0)).rejects.toMatchObject(apart);
  await expect(client.call("DBSIZE")).rejects.toMatchObject(apart);
  expect(() => client.multi({ pipeline: false })).toThrow(expect.objectContaining(apart));
  await expect(client.mget(...KEYS)).rejects.toThrow("CROSSSLOT");
  // Two slots of one master.
  const slots = await families.three.use((asked) =>
    Promise.all(KEYS.map(async (key) => [key, Number(await asked.cluster("KEYSLOT", key))] as const)),
  );
  const [[one = ""] = [], [other = ""] = []] = slots.filter(([, slot]) => slot < SLOTS / 3);
  await expect(client.multi().set(one, "never").set(other, "never").exec()).rejects.toThrow("CROSSSLOT");
  expect(await client.pipeline().set(one, "1").set(other, "2").exec()).toEqual([
    [null, "OK"],
    [null, "OK"],
  ]);
  expect(await client.mget("order:{1}a", "order:{1}b")).toEqual([null, null]);
});

it("a standby cluster stands ready, and a hung one is left with all that was sent there rejected", async ({
  families,
  desk,
}) => {
  await desk.route({ active: "dc1" });
  const source = await open("six", "three");
  // Before anything is sent to it, each of its masters has a connection.
  await eventually(async () => {
    for (const master of await mastersOf(families.three)) {
      const clients = String(await useRedis(master, (asked) => asked.client("LIST")));
      expect(clients).toMatch(/cmd=ping/);
    }
  });
  const { client } = source;
  await Promise.all(KEYS.map((key) => client.set(key, "before")));
  families.six.process.stop();
  const outcomes = KEYS.map((key) =>
    client.set(key, "hung").then(
      () => "done",
      (error: { code?: string }) => error.code ?? String(error),
    ),
  );
  const switched = nextSwitch(source);
  await desk.route({ active: "dc2" });
  await switched;
  const began = performance.now();
  await Promise.all(KEYS.map((key) => client.set(key, "new")));
  console.log(
    `${CALLS} calls to a standby cluster after a switch: ${(performance.now() - began).toFixed(1)} ms`,
  );
  // A server answers for a moment after its stop was ordered.
  const told = new Set(await Promise.all(outcomes));
  told.delete("done");
  expect([...told]).toEqual(["EVENKEEL_SWITCHED"]);
  families.six.process.cont();
  await families.six.isWell();
  const values = await families.three.use((asked) => Promise.all(KEYS.map((key) => asked.get(key))));
  expect(new Set(values)).toEqual(new Set(["new"]));
});

it("reads go to the nearest cluster", async ({ families, desk }) => {
  await desk.route({ active: "dc1" });
  const algorithm = "single-write-local-read" as const;
  const { client } = await open("six", "three", { router: { active: "dc1", algorithm, nearest: "dc2" } });
  await families.three.use((asked) => asked.set("order:near", "near"));
  await client.set("order:near", "far");
  await eventually(async () => expect(await client.get("order:near")).toBe("near"));
  expect(await families.six.use((asked) => asked.get("order:near"))).toBe("far");
});
