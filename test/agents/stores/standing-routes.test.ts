import type { Route } from "@evenkeel/contracts/route";
import { routeKey } from "@evenkeel/contracts/route";
import { beforeEach, describe, expect, it } from "vitest";
import {
  createStandingRoutes,
  listWitnesses,
  type StandingRoutes,
} from "../../../agents/stores/standing-routes.ts";

const INSTANCE = "ins_test01";
const MONITOR = { id: "mon_1", applicationId: "app_1" };
const KEY = routeKey(INSTANCE, MONITOR.applicationId, MONITOR.id);
const ROUTE: Route = {
  ...{ v: 1, epoch: 1, decision: "dec_1", after: null, active: "dc1", phase: "stable", dataCentres: {} },
  ...{ reason: "", decidedBy: "", decidedAt: "" },
};
const TEXT = JSON.stringify(ROUTE);
const entry = (key: string, value: string) => ({ key, value, modRevision: 1 });

let changes = 0;
let routes: StandingRoutes;
beforeEach(() => {
  changes = 0;
  routes = createStandingRoutes(() => {
    changes += 1;
  });
});

describe("the routes that stand in a store", () => {
  it("are not known before they were read, nor while the watch is cut", () => {
    expect(routes.find(KEY)).toBeUndefined();
    routes.change([{ key: KEY, value: TEXT }]);
    expect(routes.find(KEY)).toBeUndefined();
    routes.read([entry(KEY, TEXT)]);
    expect(routes.find(KEY)).toEqual(ROUTE);
    routes.connect(false);
    expect(routes.find(KEY)).toBeUndefined();
    routes.connect(true);
    expect(routes.find(KEY)).toEqual(ROUTE);
  });

  it("follow their changes; what is gone or cannot be read is no route", () => {
    routes.read([entry(KEY, TEXT)]);
    for (const value of [null, "no route", "{}"]) {
      routes.change([{ key: KEY, value }]);
      expect(routes.find(KEY)).toBeNull();
    }
    routes.read([]);
    expect(routes.find(KEY)).toBeNull();
  });

  it("tell of changes of routes, and not of beats", () => {
    routes.read([entry(KEY, TEXT)]);
    expect(changes).toBe(1);
    routes.change([{ key: `/evenkeel/v1/${INSTANCE}/beat/s1`, value: "{}" }]);
    expect(changes).toBe(1);
    routes.change([{ key: KEY, value: TEXT }]);
    expect(changes).toBe(2);
  });
});

describe("the witnesses of a route", () => {
  const told = new Map([[KEY, { route: ROUTE }]]);
  const list = (isReachable: boolean, sites: string[], heard: typeof told | null) =>
    listWitnesses({ instanceId: INSTANCE, told: heard, stores: [{ sites, routes, isReachable }] }, MONITOR);

  it("are the control plane and the stores that are heard", () => {
    routes.read([entry(KEY, TEXT)]);
    expect(list(true, [], told)).toEqual([
      { by: "control-plane", route: ROUTE },
      { by: "shared-store", route: ROUTE },
    ]);
    expect(list(false, [], told)).toEqual([{ by: "control-plane", route: ROUTE }]);
    expect(list(true, [], null)).toEqual([{ by: "shared-store", route: ROUTE }]);
    expect(list(true, ["s1"], null)).toEqual([{ by: "site-store", route: ROUTE }]);
    expect(list(false, [], null)).toEqual([]);
  });

  it("say so when they know of no route", () => {
    routes.read([]);
    expect(list(true, [], new Map())).toEqual([
      { by: "control-plane", route: null },
      { by: "shared-store", route: null },
    ]);
  });
});
