import fc from "fast-check";
import { describe, expect } from "vitest";
import type { SourceEvents } from "../../sdk/switching/source-events.ts";
import { eventually } from "../eventually.ts";
import { type ArbitraryCall, CALLS } from "./arbitrary-commands.ts";
import {
  divergences,
  dropExpiry,
  emptyBoth,
  expectEqualSides,
  flags,
  keepAnswered,
  readAll,
  statusOf,
  untilCopiesHang,
  useDoublyWritten,
} from "./doubly-written.ts";

/** Small enough that the copies of a burst are still under way, or queued, when something happens to their server. */
const BURST = 400;

describe("a Redis source that writes doubly", () => {
  const { it, sites, open } = useDoublyWritten(28_100);

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
    await expectEqualSides(sites(), source, "dc2");
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
        await emptyBoth(sites());
        // Commands fail where a key has another type by then; such a failure is no matter of the copies.
        await Promise.allSettled(calls.map(call));
        await eventually(() => expect(statusOf(source, "dc2").queued).toBe(0));
        const [first, second] = [await readAll(sites(), "dc1"), await readAll(sites(), "dc2")];
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
    expect(await readAll(sites(), "dc1")).toEqual({});
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
    const { process } = sites().engine.dataCentres.dc2;
    await keepAnswered(sites(), "dc2");
    await eventually(() => expect(statusOf(source, "dc2").sent).toBeGreaterThan(BURST));
    await process.kill();
    await eventually(() => expect(statusOf(source, "dc2").queued).toBeGreaterThan(BURST));
    await process.revive();
    const { sent } = statusOf(source, "dc2");
    await eventually(() => expect(statusOf(source, "dc2").sent).toBeGreaterThan(sent + BURST));
    running = false;
    await Promise.all(writers);
    await expectEqualSides(sites(), source, "dc2");
    expect(statusOf(source, "dc2")).toMatchObject({ failed: 0, uncertain: 0, diverged: false });
  });

  it("answers writes while a copy hangs, and brings it up to date when it goes on", async () => {
    const source = await open();
    const { client } = source;
    const { process } = sites().engine.dataCentres.dc2;
    await client.set("order:0", "first");
    process.stop();
    await untilCopiesHang(source, () => client.set("order:0", "second"));
    for (let order = 0; order < BURST; order += 1) await client.set(`order:${order % 20}`, `value ${order}`);
    process.cont();
    await expectEqualSides(sites(), source, "dc2");
    expect(statusOf(source, "dc2").diverged).toBe(false);
  });

  it("gives up what must not be repeated when its answer is lost, and says that the copies diverge", async () => {
    const source = await open();
    const told = divergences(source);
    const { process } = sites().engine.dataCentres.dc2;
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
    await sites().route({ dataCentres: flags(true, false) });
    await eventually(() => expect(statusOf(source, "dc2").held).toBe("not-writable"));
    for (let order = 0; order < 120; order += 1) await source.client.set(`order:${order}`, "1");
    expect(statusOf(source, "dc2")).toMatchObject({ queued: 50, dropped: 70, diverged: true });
    await eventually(() => expect(told).toEqual(["dc2 dropped"]));
    expect((await seen).map(({ dataCentre }) => dataCentre)).toEqual(["dc1", "dc2"]);
    await sites().route({ dataCentres: flags(true, true) });
    await eventually(() => expect(statusOf(source, "dc2")).toMatchObject({ queued: 0, held: null }));
    const copied = Object.keys(await readAll(sites(), "dc2"));
    expect(copied).toHaveLength(50);
    expect(copied).toContain("order:119");
  });

  it("refuses writes when the queue is full, if it is set so, before they are sent", async () => {
    const source = await open({ maxEntries: 10, overflow: "refuse-writes" });
    await sites().route({ dataCentres: flags(true, false) });
    await eventually(() => expect(statusOf(source, "dc2").held).toBe("not-writable"));
    const writes = Array.from({ length: 25 }, (_, order) => source.client.set(`order:${order}`, "1"));
    const outcomes = await Promise.allSettled(writes);
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(15);
    expect(refused[0]).toMatchObject({ reason: { code: "EVENKEEL_COPIES_FULL", retryable: true } });
    expect(Object.keys(await readAll(sites(), "dc1"))).toHaveLength(10);
    await sites().route({ dataCentres: flags(true, true) });
    await expectEqualSides(sites(), source, "dc2");
    expect(statusOf(source, "dc2")).toMatchObject({ dropped: 0, refused: 15, diverged: false });
  });
});
