import { randomUUID } from "node:crypto";
import type { RouteStore, SwapOutcome } from "@evenkeel/contracts/route-store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "./etcd-cluster.ts";
import { countingUpTo, countUp, recordWatch, type WatchRecord } from "./watch-record.ts";

/** What an implementation gives to the suite. */
export interface StoreUnderTest {
  /** Opens one more client of the same store. */
  open(): RouteStore;
  destroy(): Promise<void>;
}

const SLOW_MS = 30_000;
/** Seconds of a lease that does not run out while a test runs. */
const LONG_LEASE_S = 600;

/**
 * The rules that each implementation of `RouteStore` keeps while its store is well.
 *
 * @param name of the implementation
 * @param start makes a store for this suite alone
 */
export function describeRouteStore(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`route store contract: ${name}`, () => {
    let subject: StoreUnderTest;
    const opened: RouteStore[] = [];
    const open = (): RouteStore => {
      const store = subject.open();
      opened.push(store);
      return store;
    };
    beforeAll(async () => {
      subject = await start();
    }, SLOW_MS);
    afterAll(async () => {
      for (const store of opened) store.close();
      await subject?.destroy();
    });
    swapRules(open);
    leaseRules(open);
    watchRules(open);
    closingRules(open);
  });
}

function freshPrefix(): string {
  return `/test/${randomUUID()}/`;
}

function swapRules(open: () => RouteStore): void {
  test("[SAFE-1] of all writers that compare with one revision exactly one wins", {
    timeout: SLOW_MS,
  }, async () => {
    const key = `${freshPrefix()}route`;
    const stores = Array.from({ length: 8 }, open);
    let revision = 0;
    for (let round = 0; round < 20; round += 1) {
      const results = await Promise.all(
        stores.map((store, writer) => store.swap({ key, value: `${round}/${writer}` }, revision)),
      );
      const outcomes = results.map((result) => {
        if (!result.ok) throw new Error(result.message);
        return result.value;
      });
      const winners = outcomes.flatMap((outcome, writer) => (outcome.swapped ? [{ writer, outcome }] : []));
      expect(winners).toHaveLength(1);
      const winner = winners[0];
      const losers = outcomes.filter(
        (outcome): outcome is SwapOutcome & { swapped: false } => !outcome.swapped,
      );
      for (const loser of losers) expect(loser.current?.value).toBe(`${round}/${winner?.writer}`);
      revision = losers[0]?.current?.modRevision ?? 0;
      expect(winner?.outcome.swapped === true && winner.outcome.revision).toBe(revision);
    }
  });

  test("a swap writes its other keys with it or not at all", async () => {
    const prefix = freshPrefix();
    const store = open();
    const mirror = { key: `${prefix}mirror`, value: "dc1" };
    const first = await store.swap({ key: `${prefix}route`, value: "one" }, 0, [mirror]);
    expect(first).toMatchObject({ ok: true, value: { swapped: true } });
    const stale = await store.swap({ key: `${prefix}route`, value: "two" }, 0, [{ ...mirror, value: "dc2" }]);
    expect(stale).toMatchObject({ ok: true, value: { swapped: false, current: { value: "one" } } });
    const reading = await store.range(prefix, { prefix: true });
    expect(reading.ok && reading.value.entries.map((entry) => entry.value).sort()).toEqual(["dc1", "one"]);
  });

  test("a swap against a key that vanished says that nothing stands there", async () => {
    const store = open();
    const outcome = await store.swap({ key: `${freshPrefix()}route`, value: "x" }, 7);
    expect(outcome).toEqual({ ok: true, value: { swapped: false, current: null } });
  });

  test("values and keys beyond ASCII come back as they went in", async () => {
    const store = open();
    const key = `${freshPrefix()}订单`;
    const value = JSON.stringify({ reason: "数据中心一 down – “quoted” \u0000 \u{1F6DF}" });
    expect(await store.put({ key, value })).toMatchObject({ ok: true });
    const reading = await store.range(key);
    expect(reading.ok && reading.value.entries[0]).toMatchObject({ key, value });
  });
}

function leaseRules(open: () => RouteStore): void {
  test("a key under a lease stays while it is renewed and vanishes when it is not", {
    timeout: SLOW_MS,
  }, async () => {
    const store = open();
    const prefix = freshPrefix();
    const granted = await store.grantLease(5);
    if (!granted.ok) throw new Error(granted.message);
    const { lease } = granted.value;
    await store.put({ key: `${prefix}beat`, value: "alive", lease });
    expect(await store.renewLease(lease)).toEqual({ ok: true, value: { alive: true } });
    const record = recordWatch(store, prefix);
    await until("the lease runs out", () => record.changes.some((change) => change.value === null));
    expect(await store.renewLease(lease)).toEqual({ ok: true, value: { alive: false } });
    record.watch.close();
  });
  test("a lease that is revoked takes its keys along at once, and may be revoked again", async () => {
    const store = open();
    const prefix = freshPrefix();
    const granted = await store.grantLease(LONG_LEASE_S);
    if (!granted.ok) throw new Error(granted.message);
    const { lease } = granted.value;
    await store.put({ key: `${prefix}process`, value: "here", lease });
    expect(await store.revokeLease(lease)).toEqual({ ok: true, value: null });
    expect(await store.range(`${prefix}process`)).toMatchObject({ ok: true, value: { entries: [] } });
    expect(await store.renewLease(lease)).toEqual({ ok: true, value: { alive: false } });
    expect(await store.revokeLease(lease)).toEqual({ ok: true, value: null });
  });
}

function watchRules(open: () => RouteStore): void {
  test("a watch starts with a reading and goes on with every change, in order", async () => {
    const store = open();
    const prefix = freshPrefix();
    await store.put({ key: `${prefix}a`, value: "before" });
    const record = recordWatch(store, prefix);
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    for (const value of ["1", "2", "3"]) await store.put({ key: `${prefix}a`, value });
    await store.put({ key: `${prefix.slice(0, -1)}-outside`, value: "not ours" });
    await until("three changes", () => record.changes.length >= 3);
    expect(record.valuesOf(`${prefix}a`)).toEqual(["before", "1", "2", "3"]);
    expect(record.changes.map((change) => change.key)).toEqual(Array(3).fill(`${prefix}a`));
    expect(record.readings).toHaveLength(1);
    record.watch.close();
  });

  test("keys of one transaction arrive together", async () => {
    const store = open();
    const prefix = freshPrefix();
    const batches: number[] = [];
    let standing = false;
    const watch = store.watch(prefix, {
      onReading: () => undefined,
      onChanges: (changes) => void batches.push(changes.length),
      onConnected: (connected) => {
        standing = connected;
      },
    });
    await until("the watch stands", () => standing);
    await store.swap({ key: `${prefix}a`, value: "1" }, 0, [
      { key: `${prefix}b`, value: "1" },
      { key: `${prefix}c`, value: "1" },
    ]);
    await until("a batch", () => batches.length > 0);
    expect(batches).toEqual([3]);
    watch.close();
  });

  test("who begins to watch the same later starts with what stands then, and misses and repeats nothing", {
    timeout: SLOW_MS,
  }, async () => {
    const store = open();
    const prefix = freshPrefix();
    const key = `${prefix}counter`;
    const first = recordWatch(store, prefix);
    const counter = countUp(open(), key, 1);
    const staying: WatchRecord[] = [];
    for (let round = 0; round < 10; round += 1) {
      const leaving = recordWatch(store, prefix);
      const record = recordWatch(store, prefix);
      staying.push(record);
      await until("it hears changes", () => record.changes.length > 2);
      for (const gone of [first, leaving]) gone.watch.close();
    }
    const last = await counter.stop();
    for (const record of staying) {
      await until("the last number", () => record.valuesOf(key).at(-1) === String(last));
      const seen = record.valuesOf(key);
      expect(seen).toEqual(countingUpTo(last).slice(-seen.length));
      record.watch.close();
    }
  });

  test("a closed watch tells nothing any more", async () => {
    const store = open();
    const prefix = freshPrefix();
    const closed = recordWatch(store, prefix);
    const witness = recordWatch(store, prefix);
    const bothStand = (): boolean =>
      [closed, witness].every((record) => record.connections.at(-1)?.connected === true);
    await until("both watches stand", bothStand);
    closed.watch.close();
    await store.put({ key: `${prefix}a`, value: "1" });
    await until("the witness sees the change", () => witness.changes.length === 1);
    expect(closed.changes).toEqual([]);
    witness.watch.close();
  });
}

function closingRules(open: () => RouteStore): void {
  test("after close every call answers `closed`, those under way too", async () => {
    const store = open();
    const underWay = store.range(freshPrefix());
    store.close();
    expect(await underWay).toMatchObject({ ok: false, reason: "closed" });
    expect(await store.put({ key: "/x", value: "x" })).toMatchObject({ ok: false, reason: "closed" });
    expect(await store.grantLease(5)).toMatchObject({ ok: false, reason: "closed" });
  });
}
