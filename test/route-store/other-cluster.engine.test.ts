import type { RouteStore } from "@evenkeel/contracts/route-store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRouteStore } from "../../route-store/open-route-store.ts";
import { ROOT, startCluster, type TestCluster, until, whyNoEtcd } from "./etcd-cluster.ts";
import { recordWatch } from "./watch-record.ts";

const SLOW_MS = 60_000;
const LATER_REVISIONS = 50;
const missing = whyNoEtcd();
if (missing !== null) console.warn(`skipped: ${missing}`);

/** What `etcdctl snapshot restore` leaves: other members with another cluster id, and a history of their own. */
describe.skipIf(missing !== null)("etcd that another cluster has taken the place of", () => {
  const clusters: TestCluster[] = [];
  const opened: RouteStore[] = [];
  const open = (cluster: TestCluster): RouteStore => {
    const store = openRouteStore({ endpoints: cluster.endpoints, ...ROOT, deadlineMs: 20_000 });
    opened.push(store);
    return store;
  };
  const put = async (store: RouteStore, key: string, value: string) =>
    expect(await store.put({ key, value })).toMatchObject({ ok: true });
  beforeAll(async () => {
    if (missing !== null) return;
    clusters.push(
      ...(await Promise.all([21_052, 21_054].map((portBase) => startCluster({ portBase, size: 1 })))),
    );
  }, SLOW_MS);
  afterAll(async () => {
    for (const store of opened) store.close();
    await Promise.all(clusters.map((cluster) => cluster.destroy()));
  }, SLOW_MS);

  test("a watch reads it anew, although its revisions are beyond all that was seen", {
    timeout: SLOW_MS,
  }, async () => {
    const [first, other] = clusters;
    if (first === undefined || other === undefined) throw new Error("there are no two clusters");
    await put(open(first), "/other/route", "of the first");
    await put(open(first), "/other/gone", "of the first");
    const record = recordWatch(open(first), "/other/", { pollMs: 600_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    const writer = open(other);
    for (let index = 0; index < LATER_REVISIONS; index += 1) await put(writer, "/elsewhere", String(index));
    await put(writer, "/other/route", "of the other");
    await Promise.all([...first.members, ...other.members].map((member) => member.kill()));
    first.takeOver(other);
    for (const member of first.members) member.start();
    await until("a second reading", () => record.readings.length === 2);
    expect(record.readings[1]?.entries.map(({ key, value }) => [key, value])).toEqual([
      ["/other/route", "of the other"],
    ]);
    expect(record.readings[1]?.revision).toBeGreaterThan(record.readings[0]?.revision ?? 0);
    expect(record.changes).toEqual([]);
    await put(open(first), "/other/route", "after");
    await until("the watch goes on", () => record.valuesOf("/other/route").at(-1) === "after");
    expect(record.readings).toHaveLength(2);
  });
});
