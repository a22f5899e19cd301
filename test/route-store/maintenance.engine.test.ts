import type { RouteStore } from "@evenkeel/contracts/route-store";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openRouteStore } from "../../route-store/open-route-store.ts";
import { ROOT, startCluster, type TestCluster, until, whyNoEtcd } from "./etcd-cluster.ts";
import { countingUpTo, countUp, recordWatch } from "./watch-record.ts";

const SLOW_MS = 60_000;
const LEASE_S = 10;
const missing = whyNoEtcd();
if (missing !== null) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== null)("the gateway client while people maintain etcd", () => {
  let cluster: TestCluster;
  let opened: RouteStore[] = [];
  const open = (): RouteStore => {
    const store = openRouteStore({ endpoints: cluster.endpoints, ...ROOT });
    opened.push(store);
    return store;
  };
  beforeAll(async () => {
    cluster = await startCluster({ portBase: 21060 });
  }, SLOW_MS);
  afterEach(async () => {
    for (const store of opened) store.close();
    opened = [];
    await cluster.ready();
  }, SLOW_MS);
  afterAll(() => cluster?.destroy(), SLOW_MS);

  test("leadership goes once around: no change is lost and none comes twice", {
    timeout: SLOW_MS,
  }, async () => {
    const record = recordWatch(open(), "/move/", { pollMs: 60_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    const counter = countUp(open(), "/move/counter", 5);
    for (let round = 0; round < cluster.members.length; round += 1) {
      const next = ((await cluster.leader()) + 1) % cluster.members.length;
      await cluster.moveLeader(next);
      await until("the next one leads", async () => (await cluster.leader()) === next);
      const before = record.changes.length;
      await until("changes go on", () => record.changes.length > before + 10);
    }
    const last = await counter.stop();
    await until("the last change", () => record.changes.at(-1)?.value === String(last));
    expect(record.valuesOf("/move/counter")).toEqual(countingUpTo(last));
    expect(record.readings).toHaveLength(1);
  });

  test("a lease lives on after its leader was killed, and can be renewed", { timeout: SLOW_MS }, async () => {
    const store = open();
    const granted = await store.grantLease(LEASE_S);
    if (!granted.ok) throw new Error(granted.message);
    const { lease } = granted.value;
    await store.put({ key: "/lease/beat", value: "1", lease });
    const leader = cluster.members[await cluster.leader()];
    await leader?.kill();
    await until("the lease is renewed", async () => {
      const renewed = await store.renewLease(lease);
      return renewed.ok && renewed.value.alive;
    });
    const reading = await store.range("/lease/beat");
    expect(reading.ok && reading.value.entries).toHaveLength(1);
    leader?.start();
  });

  test("compaction under a standing watch does not disturb it", { timeout: SLOW_MS }, async () => {
    const store = open();
    const record = recordWatch(store, "/standing/", { pollMs: 60_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    for (const value of ["1", "2"]) await store.put({ key: "/standing/a", value });
    const reading = await store.range("/standing/a");
    if (!reading.ok) throw new Error(reading.message);
    await cluster.call("/v3/kv/compaction", { revision: String(reading.value.revision), physical: true });
    await store.put({ key: "/standing/a", value: "3" });
    await until("three changes", () => record.changes.length === 3);
    expect(record.valuesOf("/standing/a")).toEqual(["1", "2", "3"]);
    expect(record.readings).toHaveLength(1);
  });

  test("all data put back from an older copy: the watch reads it anew and forgets what it knew", {
    timeout: SLOW_MS,
  }, async () => {
    const writer = open();
    await writer.put({ key: "/restore/route", value: "old" });
    await Promise.all(cluster.members.map((member) => member.kill()));
    cluster.backUp();
    for (const member of cluster.members) member.start();
    await cluster.ready();
    const record = recordWatch(open(), "/restore/", { pollMs: 60_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    for (const value of ["new", "newer"]) await writer.put({ key: "/restore/route", value });
    await writer.put({ key: "/restore/late", value: "gone after the restore" });
    await until("all changes", () => record.changes.length === 3);
    await Promise.all(cluster.members.map((member) => member.kill()));
    cluster.restore();
    for (const member of cluster.members) member.start();
    await until("a second reading", () => record.readings.length === 2);
    expect(record.readings[1]?.entries.map(({ key, value }) => [key, value])).toEqual([
      ["/restore/route", "old"],
    ]);
    await until("a write", async () => (await writer.put({ key: "/restore/route", value: "after" })).ok);
    await until("the watch goes on", () => record.valuesOf("/restore/route").at(-1) === "after");
    expect(record.valuesOf("/restore/route")).toEqual(["old", "after"]);
  });
});
