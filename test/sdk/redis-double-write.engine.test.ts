import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { beforeEach, describe, expect } from "vitest";
import { openRedis, type RedisSource } from "../../sdk/open-redis.ts";
import type { SourceEvents } from "../../sdk/switching/source-events.ts";
import { eventually } from "../eventually.ts";
import { type ArbitraryCall, CALLS } from "./arbitrary-commands.ts";
import {
  askSide,
  doubly,
  dropExpiry,
  emptyBoth,
  expectEqualSides,
  keepAnswered,
  readAll,
  statusOf,
} from "./doubly-written.ts";
import { openRelay } from "./store-relay.ts";
import type { TwoSites } from "./two-sites.ts";
import { nextSwitch, useTwoSites } from "./use-two-sites.ts";

const PORT_BASE = 28_100;
/** Above the ports of the sites. */
const RELAY_PORT = PORT_BASE + 95;
/** A server that has not answered for so long does hang. */
const HUNG_MS = 250;
/** Small enough that the copies of a burst are still under way, or queued, when something happens to their server. */
const BURST = 400;

describe("a Redis source that writes doubly", () => {
  let sites: TwoSites;
  const { it, keep } = useTwoSites("redis", PORT_BASE, (started) => {
    sites = started;
  });
  beforeEach(async () => {
    // Without the servers every test is skipped.
    await sites?.route({ active: "dc1", dataCentres: flags(true, true) });
    if (sites !== undefined) await emptyBoth(sites);
  });

  const open = async (...settings: [copies?: object, more?: object]): Promise<RedisSource> =>
    keep(await openRedis(doubly(sites, ...settings), { snapshotFile: false }));
  const flags = (first: boolean, second: boolean) => ({
    dc1: { readable: true, writable: first },
    dc2: { readable: true, writable: second },
  });
  const divergences = (source: RedisSource): string[] => {
    const told: string[] = [];
    source.on("diverged", ({ dataCentre, reason }) => told.push(`${dataCentre} ${reason}`));
    return told;
  };
  /** A server answers for a moment after its stop was ordered. */
  const untilCopiesHang = async (source: RedisSource, write: () => Promise<unknown>): Promise<void> => {
    do {
      await write();
      await wait(HUNG_MS);
    } while (statusOf(source, "dc2").queued === 0);
  };

  it("copies writes of every kind, what they resulted in instead of what counts or chooses", async () => {
    const source = await open();
    const { client } = source;
    await client.set("order:a", "1", "EX", 1000);
    await client.incr("order:a");
    await client.append("order:a", "x");
    await client.hset("order:h", { one: 1, two: "2" });
    await client.hincrbyfloat("order:h", "one", 0.25);
    await client.sadd("order:s", "a", "b", "c", "d", "e");
    await client.spop("order:s", 2);
    await client.spop("order:s");
    await client.zadd("order:z", 1, "a", 2, "b", 3, "c", 4, "d");
    await client.zpopmin("order:z");
    await client.zpopmax("order:z", 2);
    await client.zincrby("order:z", 1.5, "b");
    await client.rpush("order:l", "a", "b", "a", "c", "d");
    await client.lpop("order:l");
    await client.rpop("order:l", 2);
    await client.lmove("order:l", "order:m", "LEFT", "RIGHT");
    await client.set(Buffer.from("order:binary"), Buffer.from([0, 255, 13, 10, 128]));
    await client.getset("order:g", "old");
    await client.set("order:g", "no", "NX");
    await client.setnx("order:n", "1");
    await client.mset({ "order:m1": "1", "order:m2": "2" });
    await client.rename("order:m2", "order:m3");
    await client.xadd("order:x", "5-1", "field", "value");
    const chain = client.multi().set("order:t", "1").incr("order:t").get("order:t").expire("order:t", 500);
    const results = await chain.exec();
    expect(results?.map(([error, answer]) => [error, answer])).toEqual([
      [null, "OK"],
      [null, 2],
      [null, "2"],
      [null, 1],
    ]);
    const batch = [
      ["set", "order:p", "1"],
      ["decr", "order:p"],
    ];
    await client.pipeline(batch).sadd("order:s", "q").exec();
    await new Promise<void>((resolve) => void client.set("order:callback", "1", () => resolve()));
    await client.call("SET", "order:call", "1");
    await expectEqualSides(sites, source, "dc2");
    expect(statusOf(source, "dc2")).toMatchObject({ failed: 0, diverged: false, held: null });
    expect(statusOf(source, "dc1")).toMatchObject({ sent: 0, queued: 0 });
  });

  it("leaves both sides equal, whatever is written to a few keys at the same time", async () => {
    const source = await open();
    const { client } = source;
    const send = { multi: () => client.multi(), pipeline: () => client.pipeline() };
    const call = async ({ kind, commands }: ArbitraryCall): Promise<unknown> => {
      const [[name = "", ...args] = []] = commands;
      if (kind === "single") return await client.call(name, ...args);
      const chain = send[kind]();
      for (const [each = "", ...rest] of commands) chain.call(each, ...rest);
      return await chain.exec();
    };
    await fc.assert(
      fc.asyncProperty(CALLS, async (calls) => {
        await emptyBoth(sites);
        // Commands fail where a key has another type by then; such a failure is no matter of the copies.
        await Promise.allSettled(calls.map(call));
        await eventually(() => expect(statusOf(source, "dc2").queued).toBe(0));
        const [first, second] = [await readAll(sites, "dc1"), await readAll(sites, "dc2")];
        expect(dropExpiry(second)).toEqual(dropExpiry(first));
      }),
      { numRuns: 60 },
    );
    expect(statusOf(source, "dc2")).toMatchObject({ failed: 0, uncertain: 0, diverged: false });
    expect(statusOf(source, "dc2").sent).toBeGreaterThan(100);
  });

  it("refuses what cannot be copied, by name and with the reason, and sends nothing", async () => {
    const { client } = await open();
    const calls: readonly [() => Promise<unknown>, RegExp][] = [
      [() => client.eval("return redis.call('set', KEYS[1], '1')", 1, "order:e"), /EVAL .*script/],
      [() => client.xadd("order:e", "*", "field", "value"), /XADD .*chooses the id/],
      [() => client.blpop("order:e", 1), /BLPOP .*blocks/],
      [() => client.bitfield("order:e", "INCRBY", "u8", 0, 1), /BITFIELD .*count twice/],
      [() => client.call("JSON.SET", "order:e", "$", "1"), /JSON\.SET .*not known/],
      [() => client.pipeline().set("order:e", "1").flushdb().exec(), /FLUSHDB .*all keys/],
    ];
    for (const [call, message] of calls)
      await expect(call()).rejects.toMatchObject({
        ...{ code: "EVENKEEL_NOT_COPYABLE", retryable: false, message: expect.stringMatching(message) },
      });
    expect(await readAll(sites, "dc1")).toEqual({});
  });

  it("keeps the order of each key under load, over a copy that is killed and comes back", async () => {
    const source = await open();
    const { client } = source;
    let running = true;
    const writer = async (at: number): Promise<void> => {
      for (let turn = 0; running; turn += 1) {
        const key = `order:${turn % 7}`;
        await client.set(key, `${at}-${turn}`);
        await client.incr("order:count");
        await client.hset("order:hash", `f${turn % 11}`, `${at}-${turn}`);
        await client.sadd("order:set", turn % 50);
        await client.spop("order:set");
        await client
          .multi()
          .zincrby("order:scores", 0.5, `m${turn % 5}`)
          .append("order:text", `${at}`)
          .exec();
        if (turn % 3 === 0) await client.del(key);
      }
    };
    const writers = [0, 1, 2, 3].map(writer);
    const { process } = sites.engine.dataCentres.dc2;
    await keepAnswered(sites, "dc2");
    await eventually(() => expect(statusOf(source, "dc2").sent).toBeGreaterThan(BURST));
    await process.kill();
    await eventually(() => expect(statusOf(source, "dc2").queued).toBeGreaterThan(BURST));
    await process.revive();
    const { sent } = statusOf(source, "dc2");
    await eventually(() => expect(statusOf(source, "dc2").sent).toBeGreaterThan(sent + BURST));
    running = false;
    await Promise.all(writers);
    await expectEqualSides(sites, source, "dc2");
    expect(statusOf(source, "dc2")).toMatchObject({ failed: 0, uncertain: 0, diverged: false });
  });

  it("answers writes while a copy hangs, and brings it up to date when it goes on", async () => {
    const source = await open();
    const { client } = source;
    const { process } = sites.engine.dataCentres.dc2;
    await client.set("order:0", "first");
    process.stop();
    await untilCopiesHang(source, () => client.set("order:0", "second"));
    for (let order = 0; order < BURST; order += 1) await client.set(`order:${order % 20}`, `value ${order}`);
    process.cont();
    await expectEqualSides(sites, source, "dc2");
    expect(statusOf(source, "dc2").diverged).toBe(false);
  });

  it("gives up what must not be repeated when its answer is lost, and says that the copies diverge", async () => {
    const source = await open();
    const told = divergences(source);
    const { process } = sites.engine.dataCentres.dc2;
    await source.client.rpush("order:list", "first");
    await eventually(() => expect(statusOf(source, "dc2").queued).toBe(0));
    process.stop();
    await untilCopiesHang(source, () => source.client.rpush("order:list", "second"));
    await process.kill();
    await process.revive();
    await eventually(() => expect(statusOf(source, "dc2")).toMatchObject({ uncertain: 1, queued: 0 }));
    expect(statusOf(source, "dc2")).toMatchObject({ diverged: true, divergedBy: ["uncertain"] });
    await eventually(() => expect(told).toEqual(["dc2 uncertain"]));
    source.copies?.resynced("dc2");
    expect(statusOf(source, "dc2")).toMatchObject({ diverged: false, divergedBy: [], uncertain: 1 });
  });

  it("drops the oldest when the queue is full, counts them and says so", async () => {
    const source = await open({ maxEntries: 50 });
    const told = divergences(source);
    const seen = new Promise<SourceEvents["copies"][0]>((resolve) => source.on("copies", resolve));
    // A copy that takes no writes now: nothing is under way, and all of it waits.
    await sites.route({ dataCentres: flags(true, false) });
    await eventually(() => expect(statusOf(source, "dc2").held).toBe("not-writable"));
    for (let order = 0; order < 120; order += 1) await source.client.set(`order:${order}`, "1");
    expect(statusOf(source, "dc2")).toMatchObject({ queued: 50, dropped: 70, diverged: true });
    await eventually(() => expect(told).toEqual(["dc2 dropped"]));
    expect((await seen).map(({ dataCentre }) => dataCentre)).toEqual(["dc1", "dc2"]);
    await sites.route({ dataCentres: flags(true, true) });
    await eventually(() => expect(statusOf(source, "dc2")).toMatchObject({ queued: 0, held: null }));
    const copied = Object.keys(await readAll(sites, "dc2"));
    expect(copied).toHaveLength(50);
    expect(copied).toContain("order:119");
  });

  it("refuses writes when the queue is full, if it is set so, before they are sent", async () => {
    const source = await open({ maxEntries: 10, overflow: "refuse-writes" });
    await sites.route({ dataCentres: flags(true, false) });
    await eventually(() => expect(statusOf(source, "dc2").held).toBe("not-writable"));
    const writes = Array.from({ length: 25 }, (_, order) => source.client.set(`order:${order}`, "1"));
    const outcomes = await Promise.allSettled(writes);
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(15);
    expect(refused[0]).toMatchObject({ reason: { code: "EVENKEEL_COPIES_FULL", retryable: true } });
    expect(Object.keys(await readAll(sites, "dc1"))).toHaveLength(10);
    await sites.route({ dataCentres: flags(true, true) });
    await expectEqualSides(sites, source, "dc2");
    expect(statusOf(source, "dc2")).toMatchObject({ dropped: 0, refused: 15, diverged: false });
  });

  it("[SAFE-1] never lets the queue of the old side overwrite what the new one has taken", async () => {
    const source = await open();
    const told = divergences(source);
    await sites.route({ dataCentres: flags(true, false) });
    await eventually(() => expect(statusOf(source, "dc2").held).toBe("not-writable"));
    for (let order = 0; order < 30; order += 1) await source.client.set(`order:${order}`, "old");
    const switched = nextSwitch(source);
    await sites.route({ active: "dc2", dataCentres: flags(true, true) });
    await switched;
    expect(statusOf(source, "dc2")).toMatchObject({ queued: 0, discarded: 30, diverged: true });
    await source.client.set("order:0", "new");
    await eventually(async () => {
      expect(await askSide(sites, "dc1", (redis) => redis.get("order:0"))).toBe("new");
    });
    expect(Object.keys(await readAll(sites, "dc2"))).toEqual(["order:0"]);
    expect(told).toEqual(["dc2 discarded"]);
    expect(await askSide(sites, "dc1", (redis) => redis.get("order:1"))).toBe("old");
  });

  it("[SAFE-1] copies nothing while the store is away, and looks for a switch before it goes on", async () => {
    const config = doubly(sites);
    const [member = ""] = config.etcd?.address.split(",") ?? [];
    const relay = await openRelay(RELAY_PORT, Number(member.split(":").at(-1)));
    const etcd = { ...config.etcd, address: `127.0.0.1:${RELAY_PORT}` };
    const source = keep(await openRedis({ ...config, etcd }, { snapshotFile: false }));
    await source.client.set("order:0", "first");
    await eventually(() => expect(statusOf(source, "dc2").sent).toBe(1));
    await relay.cut();
    await eventually(() => expect(statusOf(source, "dc2").held).toBe("store-away"));
    for (let order = 0; order < 5; order += 1) await source.client.set(`order:${order}`, "old");
    await sites.route({ active: "dc2", dataCentres: flags(true, true) });
    await askSide(sites, "dc2", (redis) => redis.set("order:0", "new"));
    await relay.mend();
    await eventually(() => expect(statusOf(source, "dc1").held).toBeNull(), { timeout: 60_000 });
    expect(statusOf(source, "dc2")).toMatchObject({ sent: 1, queued: 0, discarded: 5, diverged: true });
    expect(await source.client.get("order:0")).toBe("new");
    await source.close();
    await relay.cut();
  });

  it("lets the queue run dry while no writes are taken, so that a planned switch loses nothing", async () => {
    const source = await open();
    for (let order = 0; order < BURST; order += 1) void source.client.set(`order:${order}`, "1");
    await source.client.get("order:0");
    await sites.route({ dataCentres: flags(false, true) });
    await eventually(() =>
      expect(source.client.set("order:0", "2")).rejects.toMatchObject({ code: "EVENKEEL_NOT_WRITABLE" }),
    );
    await expectEqualSides(sites, source, "dc2");
    const switched = nextSwitch(source);
    await sites.route({ active: "dc2", dataCentres: flags(true, true) });
    await switched;
    expect(Object.keys(await readAll(sites, "dc2"))).toHaveLength(BURST);
    expect(statusOf(source, "dc2")).toMatchObject({ discarded: 0, diverged: false });
  });

  it("reads from the nearest, and from the active one while that does not answer", async () => {
    const local = { algorithm: "local-read-async-double-write", nearest: "dc2" };
    const source = await open({}, local);
    await askSide(sites, "dc1", (redis) => redis.set("order:where", "dc1"));
    await askSide(sites, "dc2", (redis) => redis.set("order:where", "dc2"));
    await eventually(async () => expect(await source.client.get("order:where")).toBe("dc2"));
    sites.engine.dataCentres.dc2.process.stop();
    await eventually(async () => expect(await source.client.get("order:where")).toBe("dc1"), {
      timeout: 60_000,
    });
    sites.engine.dataCentres.dc2.process.cont();
    await eventually(async () => expect(await source.client.get("order:where")).toBe("dc2"), {
      timeout: 60_000,
    });
  });

  it("sends what is queued before it is closed, within the time that is set", async () => {
    const source = await open({ closeWithinMs: 60_000 });
    await Promise.all(Array.from({ length: BURST }, (_, order) => source.client.set(`order:${order}`, "1")));
    await source.close();
    expect(Object.keys(await readAll(sites, "dc2"))).toHaveLength(BURST);
    await expect(source.client.set("order:0", "2")).rejects.toMatchObject({ code: "EVENKEEL_CLOSED" });
  });

  it("says what is lost when it is closed with a queue in memory, and keeps it with one on disk", async () => {
    const directory = join(sites.directory, randomUUID());
    await sites.route({ dataCentres: flags(true, false) });
    for (const settings of [{}, { queue: "disk" as const, directory }]) {
      const source = await open(settings);
      const told = divergences(source);
      await eventually(() => expect(statusOf(source, "dc2").held).toBe("not-writable"));
      for (let order = 0; order < 5; order += 1) await source.client.set(`order:${order}`, "1");
      await source.close();
      await eventually(() => expect(told).toEqual("queue" in settings ? [] : ["dc2 closed"]));
    }
    const next = await open({ queue: "disk", directory });
    expect(statusOf(next, "dc2")).toMatchObject({ queued: 5, diverged: false });
    await sites.route({ dataCentres: flags(true, true) });
    await expectEqualSides(sites, next, "dc2");
  });

  it("of a process that was killed are sent by the next one from its queue on disk, but for what was torn", async () => {
    const directory = join(sites.directory, randomUUID());
    const config = doubly(sites, { queue: "disk", directory });
    const file = join(sites.directory, `${randomUUID()}.json`);
    writeFileSync(file, JSON.stringify(config));
    await sites.route({ dataCentres: flags(true, false) });
    const program = new URL("write-and-wait.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [program, file, String(BURST)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = await once(child.stdout, "data");
    expect(String(said)).toBe("written\n");
    await expect(openRedis(config)).rejects.toMatchObject({
      problems: [expect.stringMatching(new RegExp(`process ${child.pid} on .* uses ${directory}`))],
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    // As if it had died within its next write.
    const [segment = ""] = readdirSync(directory).filter((name) => name.startsWith("segment"));
    appendFileSync(join(directory, segment), Buffer.from([200, 0, 0, 0, 1, 2, 3]));
    const next = keep(await openRedis(config, { snapshotFile: false }));
    expect(statusOf(next, "dc2")).toMatchObject({ queued: 2 * BURST + 1, divergedBy: ["torn"] });
    expect(statusOf(next, "dc2").oldestAgeMs).toBeGreaterThan(0);
    // What comes new lines up behind what is left.
    await next.client.incr("order:count");
    await sites.route({ dataCentres: flags(true, true) });
    await expectEqualSides(sites, next, "dc2");
    expect(await askSide(sites, "dc2", (redis) => redis.lrange("order:list", 0, -1))).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(statusOf(next, "dc2")).toMatchObject({ discarded: 0, uncertain: 0, failed: 0 });
  });

  it("of a process that was killed are discarded by the next one if the active side changed meanwhile", async () => {
    const directory = join(sites.directory, randomUUID());
    await sites.route({ dataCentres: flags(true, false) });
    const first = keep(await openRedis(doubly(sites, { queue: "disk", directory }), { snapshotFile: false }));
    for (let order = 0; order < 5; order += 1) await first.client.set(`order:${order}`, "old");
    await first.close();
    await sites.route({ active: "dc2", dataCentres: flags(true, true) });
    await askSide(sites, "dc2", (redis) => redis.set("order:0", "new"));
    await sites.route({ active: "dc1", dataCentres: flags(true, true) });
    const next = keep(await openRedis(doubly(sites, { queue: "disk", directory }), { snapshotFile: false }));
    expect(statusOf(next, "dc2")).toMatchObject({ queued: 0, discarded: 5, divergedBy: ["discarded"] });
    await next.client.set("order:1", "newer");
    await eventually(async () => {
      expect(await askSide(sites, "dc2", (redis) => redis.mget("order:0", "order:1"))).toEqual([
        "new",
        "newer",
      ]);
    });
    await next.close();
    const last = keep(await openRedis(doubly(sites, { queue: "disk", directory }), { snapshotFile: false }));
    expect(statusOf(last, "dc2")).toMatchObject({ discarded: 0, divergedBy: ["discarded"] });
  });

  it("[holdMs] a planned switch loses neither writes nor copies: they wait until the queue is dry", async () => {
    const source = await open({}, { holdMs: 60_000 });
    let running = true;
    const ids: string[] = [];
    const place = async (): Promise<void> => {
      while (running) {
        const id = `order:${ids.length}`;
        ids.push(id);
        await source.client.multi().set(id, "1").incr("order:count").exec();
      }
    };
    const placing = [place(), place(), place()];
    await eventually(() => expect(statusOf(source, "dc2").sent).toBeGreaterThan(BURST));
    await sites.route({ dataCentres: flags(false, true), decidedBy: "operator:a test" });
    await eventually(() => expect(statusOf(source, "dc1").held).toBe("not-writable"));
    await eventually(() => expect(statusOf(source, "dc2")).toMatchObject({ queued: 0, unanswered: 0 }));
    const { sent } = statusOf(source, "dc1");
    const switched = nextSwitch(source);
    await sites.route({ active: "dc2", dataCentres: flags(true, true), decidedBy: "operator:a test" });
    await switched;
    await eventually(() => expect(statusOf(source, "dc1").sent).toBeGreaterThan(sent + BURST));
    running = false;
    await Promise.all(placing);
    await expectEqualSides(sites, source, "dc1");
    expect(await askSide(sites, "dc2", (redis) => redis.get("order:count"))).toBe(String(ids.length));
    for (const site of ["dc1", "dc2"] as const)
      expect(statusOf(source, site)).toMatchObject({ discarded: 0, diverged: false });
  });
});
