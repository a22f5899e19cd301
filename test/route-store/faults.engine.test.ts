import type { RouteStore } from "@evenkeel/contracts/route-store";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type OpenRouteStoreOptions, openRouteStore } from "../../route-store/open-route-store.ts";
import type { StoreEvent } from "../../route-store/store-event.ts";
import { ROOT, startCluster, type TestCluster, until, whyNoEtcd } from "./etcd-cluster.ts";
import { countingUpTo, countUp, recordWatch } from "./watch-record.ts";

const SLOW_MS = 60_000;
/** What no call with a deadline of a second or less may take, however busy the machine. */
const HANGING_MS = 15_000;
const missing = whyNoEtcd();
if (missing !== null) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== null)("the gateway client when etcd is in trouble", () => {
  let cluster: TestCluster;
  let opened: RouteStore[] = [];
  let events: StoreEvent[] = [];
  const open = (options: Partial<OpenRouteStoreOptions> = {}): RouteStore => {
    const store = openRouteStore({
      endpoints: cluster.endpoints,
      ...ROOT,
      // A busy machine may hold an election more than the test asks for.
      deadlineMs: 20_000,
      onEvent: (event) => void events.push(event),
      ...options,
    });
    opened.push(store);
    return store;
  };
  beforeAll(async () => {
    cluster = await startCluster({ portBase: 22320 });
  }, SLOW_MS);
  beforeEach(() => {
    events = [];
  });
  afterEach(async () => {
    for (const store of opened) store.close();
    opened = [];
    for (const member of cluster.members) member.resume();
    await cluster.ready();
  }, SLOW_MS);
  afterAll(() => cluster?.destroy(), SLOW_MS);

  /** The member that a watch of a store with these endpoints goes to first. */
  const memberAt = (index: number) => {
    const member = cluster.members[index];
    if (member === undefined) throw new Error(`there is no member ${index}`);
    return member;
  };

  test("kill -9 of the watched member: no change is lost and none comes twice", {
    timeout: SLOW_MS,
  }, async () => {
    const record = recordWatch(open(), "/kill-one/", { pollMs: 60_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    const counter = countUp(open(), "/kill-one/counter", 5);
    await until("some changes", () => record.changes.length > 20);
    await memberAt(0).kill();
    const before = record.changes.length;
    await until("changes go on", () => record.changes.length > before + 50);
    memberAt(0).start();
    const last = await counter.stop();
    await until("the last change", () => record.changes.at(-1)?.value === String(last));
    expect(record.valuesOf("/kill-one/counter")).toEqual(countingUpTo(last));
    expect(record.readings).toHaveLength(1);
  });

  test("kill -9 of all members: the watch resumes where it was", { timeout: SLOW_MS }, async () => {
    const record = recordWatch(open(), "/kill-all/", { pollMs: 60_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    const counter = countUp(open(), "/kill-all/counter", 5);
    await until("some changes", () => record.changes.length > 20);
    await Promise.all(cluster.members.map((member) => member.kill()));
    await until("the loss is told", () => record.connections.at(-1)?.connected === false);
    expect(record.connections.at(-1)?.failure?.reason).toBe("unavailable");
    const before = record.changes.length;
    for (const member of cluster.members) member.start();
    await until("changes go on", () => record.changes.length > before + 50);
    const last = await counter.stop();
    await until("the last change", () => record.changes.at(-1)?.value === String(last));
    expect(record.valuesOf("/kill-all/counter")).toEqual(countingUpTo(last));
    expect(record.readings).toHaveLength(1);
  });

  test("the watched member hangs: beats fall silent and the watch moves on", {
    timeout: SLOW_MS,
  }, async () => {
    const beating = open({ endpoints: cluster.endpoints.slice(1) });
    const beat = setInterval(() => void beating.put({ key: "/hang-beat/dc1", value: "x" }), 200);
    try {
      const record = recordWatch(open(), "/hang/", { beatPrefix: "/hang-beat/", pollMs: 60_000 });
      await until("the watch stands", () => record.connections.at(-1)?.connected === true);
      memberAt(0).stop();
      const stoppedMs = performance.now();
      // The hung member may be the leader: then the write has to wait for the next one.
      const writer = open({ endpoints: cluster.endpoints.slice(1), deadlineMs: 10_000 });
      const written = writer.put({ key: "/hang/route", value: "switched" });
      await until("the change arrives all the same", () => record.changes.length === 1);
      console.log(
        `watch on a hung member: change seen ${Math.round(performance.now() - stoppedMs)} ms after the stop`,
      );
      expect(await written).toMatchObject({ ok: true });
      expect(events).toContainEqual(expect.objectContaining({ type: "watch-moved" }));
    } finally {
      clearInterval(beat);
      memberAt(0).resume();
    }
  });

  test("no site beats: the watch stays connected and moves less and less often", {
    timeout: SLOW_MS,
  }, async () => {
    const record = recordWatch(open(), "/silent/", { beatPrefix: "/silent-beat/" });
    const moves = () => events.filter((event) => event.type === "watch-moved");
    await until("every member was tried", () => moves().length >= 3);
    await open().put({ key: "/silent/route", value: "1" });
    await until("a change still arrives", () => record.changes.length === 1);
    expect(record.connections).toEqual([{ connected: true, failure: undefined }]);
    expect(moves()).toHaveLength(3);
  });

  test("a revision compacted while the watch was away: the range is read anew", {
    timeout: SLOW_MS,
  }, async () => {
    const lonely = open({ endpoints: [memberAt(0).address] });
    const record = recordWatch(lonely, "/compact/", { pollMs: 60_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    await memberAt(0).kill();
    const writer = open({ endpoints: cluster.endpoints.slice(1) });
    for (const value of ["1", "2", "3"]) await writer.put({ key: "/compact/route", value });
    const reading = await writer.range("/compact/route");
    if (!reading.ok) throw new Error(reading.message);
    await cluster.call("/v3/kv/compaction", { revision: String(reading.value.revision), physical: true });
    memberAt(0).start();
    await until("a second reading", () => record.readings.length === 2);
    expect(record.valuesOf("/compact/route")).toEqual(["3"]);
    await writer.put({ key: "/compact/route", value: "4" });
    await until("the watch goes on", () => record.changes.length === 1);
    expect(record.valuesOf("/compact/route")).toEqual(["3", "4"]);
  });

  test("without a majority calls end in their deadline, and work again after it is back", {
    timeout: SLOW_MS,
  }, async () => {
    const store = open({ deadlineMs: 1000, tryMs: 300 });
    await until("a first write", async () => (await store.put({ key: "/minority/a", value: "1" })).ok);
    await memberAt(1).kill();
    await memberAt(2).kill();
    const startMs = performance.now();
    const results = [
      await store.range("/minority/a"),
      await store.swap({ key: "/minority/a", value: "2" }, 0),
    ];
    const tookMs = performance.now() - startMs;
    for (const result of results) expect(result).toMatchObject({ ok: false, reason: "unavailable" });
    // Without deadlines both would hang for as long as the majority is away.
    expect(tookMs).toBeLessThan(HANGING_MS);
    memberAt(1).start();
    memberAt(2).start();
    await until("calls work", async () => (await store.range("/minority/a")).ok);
  });

  test("the majority is lost and comes back: the watch loses no change and repeats none", {
    timeout: SLOW_MS,
  }, async () => {
    const record = recordWatch(open(), "/minority-watch/", { pollMs: 60_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    const counter = countUp(open({ deadlineMs: 500 }), "/minority-watch/counter", 5);
    await until("some changes", () => record.changes.length > 20);
    await Promise.all([memberAt(1).kill(), memberAt(2).kill()]);
    const lonely = open({ deadlineMs: 500, endpoints: [memberAt(0).address] });
    expect(await lonely.put({ key: "/minority-watch/other", value: "1" })).toMatchObject({
      ok: false,
      reason: "unavailable",
    });
    const before = record.changes.length;
    for (const member of [memberAt(1), memberAt(2)]) member.start();
    await until("changes go on", () => record.changes.length > before + 50);
    const last = await counter.stop();
    await until("the last change", () => record.valuesOf("/minority-watch/counter").at(-1) === String(last));
    expect(record.valuesOf("/minority-watch/counter")).toEqual(countingUpTo(last));
    expect(record.readings).toHaveLength(1);
  });

  test("all members hang: the deadline holds", { timeout: SLOW_MS }, async () => {
    const store = open({ deadlineMs: 800, tryMs: 200 });
    await store.range("/hung");
    for (const member of cluster.members) member.stop();
    const startMs = performance.now();
    const result = await store.swap({ key: "/hung", value: "1" }, 0);
    const tookMs = performance.now() - startMs;
    for (const member of cluster.members) member.resume();
    expect(result).toMatchObject({ ok: false, reason: "unavailable" });
    expect(tookMs).toBeLessThan(HANGING_MS);
  });

  test("the preferred member hangs: the first call pays one try, the next ones do not, and it is found again", {
    timeout: 2 * SLOW_MS,
  }, async () => {
    const leader = await cluster.leader();
    const hung = (leader + 1) % 3;
    const order = [hung, leader, (leader + 2) % 3].map((index) => memberAt(index).address);
    const tryMs = 1500;
    const store = open({ endpoints: order, tryMs, deadlineMs: 20_000 });
    await store.range("/prefer");
    memberAt(hung).stop();
    expect(await store.range("/prefer")).toMatchObject({ ok: true });
    const startMs = performance.now();
    expect(await store.swap({ key: "/prefer", value: "1" }, 0)).toMatchObject({ ok: true });
    expect(performance.now() - startMs).toBeLessThan(tryMs);
    memberAt(hung).resume();
    const isFound = async () => {
      await store.range("/prefer");
      return events.some((event) => event.type === "endpoint-recovered");
    };
    // A member that fails once more while it catches up is left alone for longer.
    await until("the preferred member is used again", isFound, SLOW_MS);
  });

  for (const fault of ["kill", "stop"] as const) {
    test(`the leader is lost (${fault}): a swap gets through with the next leader`, {
      timeout: SLOW_MS,
    }, async () => {
      const store = open({ deadlineMs: 10_000 });
      await store.range("/leader");
      const leader = await cluster.leader();
      const startMs = performance.now();
      const killed = fault === "kill" ? memberAt(leader).kill() : memberAt(leader).stop();
      const result = await store.swap({ key: `/leader/${fault}`, value: "1" }, 0);
      console.log(
        `leader lost (${fault}): swap acknowledged after ${Math.round(performance.now() - startMs)} ms`,
      );
      expect(result).toMatchObject({ ok: true, value: { swapped: true } });
      await killed;
      if (fault === "kill") memberAt(leader).start();
      else memberAt(leader).resume();
    });
  }
});
