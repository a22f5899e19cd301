import { type Route, routeKey } from "@evenkeel/contracts/route";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { MIRROR_ROOT, renderMasMirror } from "../../../agents/stores/mas-mirror.ts";
import { syncMasMirror } from "../../../agents/stores/mas-mirror-sync.ts";
import { writeRoute } from "../../../agents/stores/write-route.ts";
import { openRouteStore } from "../../../route-store/open-route-store.ts";
import { prefixEnd, toWire } from "../../../route-store/wire-encoding.ts";
import { ROOT, startCluster, type TestCluster, whyNoEtcd } from "../../route-store/etcd-cluster.ts";
import { plannedMonitor } from "./planned-monitor.ts";

const SLOW_MS = 60_000;
const INSTANCE = "ins_test01";
const missing = whyNoEtcd();
if (missing !== null) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== null)("the MAS mirror in etcd", () => {
  let cluster: TestCluster;
  const opened: RouteStore[] = [];
  const open = (credentials: { user: string; password: string } = ROOT): RouteStore => {
    const store = openRouteStore({ endpoints: cluster.endpoints, ...credentials });
    opened.push(store);
    return store;
  };
  beforeAll(async () => {
    cluster = await startCluster({ portBase: 21070, size: 1 });
  }, SLOW_MS);
  afterEach(() => {
    for (const store of opened.splice(0)) store.close();
  });
  afterAll(() => cluster?.destroy(), SLOW_MS);

  /** A monitor of its own application, so that tests do not meet. */
  const monitorOf = (applicationId: string, connectedDatabases: string[]) => ({
    ...plannedMonitor("mysql", { connectedDatabases }),
    applicationId,
  });
  const statusOf = (monitor: ReturnType<typeof monitorOf>, active: string) => {
    const mirror = renderMasMirror(monitor);
    if (mirror === null || "words" in mirror) throw new Error("there is no mirror");
    return mirror.status(active);
  };
  const routeOf = (epoch: number, active: string): Route => ({
    ...{ v: 1, epoch, decision: `dec_${epoch}`, after: epoch === 1 ? null : `dec_${epoch - 1}`, active },
    dataCentres: { dc1: { readable: true, writable: true }, dc2: { readable: true, writable: true } },
    ...{ phase: "stable", reason: "", decidedBy: "ARB-26", decidedAt: "" },
  });
  const write = (store: RouteStore, monitor: ReturnType<typeof monitorOf>, route: Route) => {
    const ancestors = Array.from({ length: route.epoch - 1 }, (_, index) => `dec_${route.epoch - 1 - index}`);
    const { id: monitorId, applicationId } = monitor;
    const wanted = { monitorId, applicationId, route, ancestors, step: null };
    return writeRoute(store, new Map(), INSTANCE, wanted, statusOf(monitor, route.active));
  };
  const readMirror = async (store: RouteStore, applicationId: string) => {
    const reading = await store.range(MIRROR_ROOT, { prefix: true });
    if (!reading.ok) throw new Error(reading.message);
    return reading.value.entries.filter((entry) => entry.key.includes(`/${applicationId}/`));
  };

  test("a route and all its status keys have one revision", async () => {
    const store = open();
    const monitor = monitorOf(
      "app_one",
      Array.from({ length: 60 }, (_, index) => `db${index}`),
    );
    for (const [epoch, active] of [
      [1, "dc1"],
      [2, "dc2"],
    ] as const) {
      expect((await write(store, monitor, routeOf(epoch, active))).outcome.result).toBe("stored");
      const route = await store.range(routeKey(INSTANCE, "app_one", monitor.id));
      const mirror = await readMirror(store, "app_one");
      expect(mirror).toHaveLength(60);
      expect(new Set(mirror.map((entry) => entry.value))).toEqual(new Set([active]));
      const revision = route.ok && route.value.entries[0]?.modRevision;
      expect(new Set(mirror.map((entry) => entry.modRevision))).toEqual(new Set([revision]));
    }
  });

  test("the plan's keys are written once, by however many agents", async () => {
    const monitor = monitorOf("app_sync", ["shop"]);
    const first = open();
    await write(first, monitor, routeOf(1, "dc2"));
    const stores = [first, open(), open()];
    const outcomes = await Promise.all(stores.map((store) => syncMasMirror(store, INSTANCE, monitor)));
    const written = outcomes.map((outcome) => (outcome.result === "written" ? outcome.keys : Number.NaN));
    expect(written.reduce((sum, keys) => sum + keys, 0)).toBe(2);
    expect(await syncMasMirror(first, INSTANCE, monitor)).toEqual({ result: "written", keys: 0 });
    expect((await readMirror(first, "app_sync")).map((entry) => entry.key.split("/database/")[1])).toEqual([
      "shop/datasource",
      "shop/router",
      "shop/active",
    ]);
  });

  test("a mirror that is turned on later takes the active side from the route", async () => {
    const monitor = monitorOf("app_later", ["shop"]);
    const store = open();
    const { id: monitorId, applicationId } = monitor;
    const wanted = { monitorId, applicationId, route: routeOf(1, "dc2"), ancestors: [], step: null };
    await writeRoute(store, new Map(), INSTANCE, wanted);
    expect(await syncMasMirror(store, INSTANCE, monitor)).toEqual({ result: "written", keys: 3 });
    const status = (await readMirror(store, "app_later")).filter((entry) => entry.key.endsWith("/active"));
    expect(status.map((entry) => entry.value)).toEqual(["dc2"]);
  });

  test("a mirror that may not be written refuses the route with it", async () => {
    const prefix = `/evenkeel/v1/${INSTANCE}/`;
    const perm = { permType: "READWRITE", key: toWire(prefix), range_end: prefixEnd(prefix) };
    await cluster.call("/v3/auth/role/add", { name: "half" });
    await cluster.call("/v3/auth/role/grant", { name: "half", perm });
    await cluster.call("/v3/auth/user/add", { name: "half", password: "half-secret" });
    await cluster.call("/v3/auth/user/grant", { user: "half", role: "half" });
    const store = open({ user: "half", password: "half-secret" });
    const monitor = monitorOf("app_half", ["shop"]);
    const { outcome } = await write(store, monitor, routeOf(1, "dc1"));
    expect(outcome).toMatchObject({ result: "failed", words: expect.stringContaining("permission denied") });
    const reading = await store.range(`${prefix}app_half/`, { prefix: true });
    expect(reading.ok && reading.value.entries).toEqual([]);
    expect(await syncMasMirror(store, INSTANCE, monitor)).toMatchObject({ result: "failed" });
  });
});
