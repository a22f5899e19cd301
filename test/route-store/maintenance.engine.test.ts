import type { RouteStore, StorePut } from "@evenkeel/contracts/route-store";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openRouteStore } from "../../route-store/open-route-store.ts";
import { ROOT, startCluster, type TestCluster, until, whyNoEtcd } from "./etcd-cluster.ts";
import { countingUpTo, countUp, recordWatch } from "./watch-record.ts";

const SLOW_MS = 60_000;
const LEASE_S = 60;
const missing = whyNoEtcd();

/** Writes until it is taken, and returns the revision: a machine under load elects now and then. */
async function put(store: RouteStore, one: StorePut): Promise<number> {
  let revision = 0;
  await until(`${one.key} is written`, async () => {
    const written = await store.put(one);
    if (!written.ok) throw new Error(written.message);
    revision = written.value.revision;
    return true;
  });
  return revision;
}

async function grantLease(store: RouteStore): Promise<string> {
  let lease = "";
  await until("a lease", async () => {
    const granted = await store.grantLease(LEASE_S);
    if (granted.ok) lease = granted.value.lease;
    return granted.ok;
  });
  return lease;
}
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
      // Asked again until it is so: a busy machine may hold an election of its own in between.
      await until("the next one leads", async () => {
        if ((await cluster.leader()) !== next) await cluster.moveLeader(next);
        return (await cluster.leader()) === next;
      });
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
    const lease = await grantLease(store);
    await put(store, { key: "/lease/beat", value: "1", lease });
    const leader = cluster.members[await cluster.leader()];
    await leader?.kill();
    await until("the lease is renewed", async () => {
      const renewed = await store.renewLease(lease);
      return renewed.ok && renewed.value.alive;
    });
    await until("the key under the lease is there", async () => {
      const reading = await store.range("/lease/beat");
      return reading.ok && reading.value.entries.length === 1;
    });
    leader?.start();
  });

  test("compaction under a standing watch does not disturb it", { timeout: SLOW_MS }, async () => {
    const store = open();
    const record = recordWatch(store, "/standing/", { pollMs: 60_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    await put(store, { key: "/standing/a", value: "1" });
    const revision = await put(store, { key: "/standing/a", value: "2" });
    await cluster.call("/v3/kv/compaction", { revision: String(revision), physical: true });
    await put(store, { key: "/standing/a", value: "3" });
    await until("the third change", () => record.valuesOf("/standing/a").at(-1) === "3");
    expect(record.valuesOf("/standing/a")).toEqual(["1", "2", "3"]);
    expect(record.readings).toHaveLength(1);
  });

  test("all data put back from an older copy: the watch reads it anew and forgets what it knew", {
    timeout: SLOW_MS,
  }, async () => {
    const writer = open();
    await put(writer, { key: "/restore/route", value: "old" });
    await Promise.all(cluster.members.map((member) => member.kill()));
    cluster.backUp();
    for (const member of cluster.members) member.start();
    await cluster.ready();
    const record = recordWatch(open(), "/restore/", { pollMs: 60_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    for (const value of ["new", "newer"]) await put(writer, { key: "/restore/route", value });
    await put(writer, { key: "/restore/late", value: "gone after the restore" });
    await until("all changes", () => record.valuesOf("/restore/late").length === 1);
    await Promise.all(cluster.members.map((member) => member.kill()));
    cluster.restore();
    for (const member of cluster.members) member.start();
    await until("a second reading", () => record.readings.length === 2);
    expect(record.readings[1]?.entries.map(({ key, value }) => [key, value])).toEqual([
      ["/restore/route", "old"],
    ]);
    await put(writer, { key: "/restore/route", value: "after" });
    await until("the watch goes on", () => record.valuesOf("/restore/route").at(-1) === "after");
    expect(record.valuesOf("/restore/route")).toEqual(["old", "after"]);
  });
});
