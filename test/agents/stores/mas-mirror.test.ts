import type { PlannedMonitor } from "@evenkeel/contracts/plan";
import { describe, expect, it } from "vitest";
import { MIRRORED_DATABASES_MAX, renderMasMirror } from "../../../agents/stores/mas-mirror.ts";
import { MAX_SWAP_KEYS } from "../../../route-store/open-route-store.ts";
import { plannedMonitor } from "./planned-monitor.ts";

const render = (monitor: PlannedMonitor) => {
  const mirror = renderMasMirror(monitor);
  if (mirror === null || "words" in mirror) throw new Error("there is no mirror");
  return mirror;
};
const readable = (puts: readonly { key: string; value: string }[]) =>
  Object.fromEntries(puts.map(({ key, value }) => [key, value.startsWith("{") ? JSON.parse(value) : value]));

describe("the mirror for devspore and devcloud SDKs", () => {
  it("of a SQL monitor has an active key, data sources and a router for each connected database", () => {
    const mirror = render(plannedMonitor("mysql", { connectedDatabases: ["shop", "stock"] }));
    const status = "/mas-monitor/status/db/services/app_shop01/mon_orders1/database";
    expect(readable(mirror.status("dc2"))).toEqual({
      [`${status}/shop/active`]: "dc2",
      [`${status}/stock/active`]: "dc2",
    });
    const sources = (schema: string) => ({
      ds1: { server: "192.0.2.1:3306", schema, region: "site_1", cloud: "" },
      ds2: { server: "192.0.2.2:3306", schema, region: "site_2", cloud: "" },
    });
    const router = {
      active: "dc1",
      "route-algorithm": "single-read-write",
      routeAlgorithm: "single-read-write",
      nodes: {
        dc1: { master: "ds1", loadBalance: "ROUND_ROBIN", slaves: [], weight: 1 },
        dc2: { master: "ds2", loadBalance: "ROUND_ROBIN", slaves: [], weight: 1 },
      },
    };
    const conf = "/mas-monitor/conf/db/services/app_shop01/mon_orders1/database";
    expect(readable(mirror.conf)).toEqual({
      [`${conf}/shop/datasource`]: sources("shop"),
      [`${conf}/shop/router`]: router,
      [`${conf}/stock/datasource`]: sources("stock"),
      [`${conf}/stock/router`]: router,
    });
  });

  it("of a Redis monitor has an active key, servers and the algorithm", () => {
    const mirror = render(plannedMonitor("redis", {}));
    expect(readable(mirror.status("dc2"))).toEqual({
      "/mas-monitor/status/dcs/services/app_shop01/mon_orders1/active": "dc2",
    });
    expect(readable(mirror.conf)).toEqual({
      "/mas-monitor/conf/dcs/services/app_shop01/mon_orders1/servers": {
        dc1: { hosts: "192.0.2.1:3306", type: "normal", cloud: "", region: "site_1", azs: "" },
        dc2: { hosts: "192.0.2.2:3306", type: "normal", cloud: "", region: "site_2", azs: "" },
      },
      "/mas-monitor/conf/dcs/services/app_shop01/mon_orders1/route-algorithm": "single-read-write",
    });
  });

  it.each(["sentinel", "cluster"])("of Redis in mode %s lists all addresses", (mode) => {
    const mirror = render(plannedMonitor("redis", { mode, furtherAddresses: ["192.0.2.3:26379"] }));
    const servers = JSON.parse(mirror.conf[0]?.value ?? "");
    expect(servers.dc1).toMatchObject({ hosts: "192.0.2.1:3306,192.0.2.3:26379", type: mode });
  });

  it.each(["mysql", "redis"])("of a %s monitor shows no user and no password", (kind) => {
    const secret = { connectedDatabases: ["shop"], user: "the-user", password: "the-password" };
    const mirror = render(plannedMonitor(kind, secret));
    expect(JSON.stringify([mirror.conf, mirror.status("dc1")])).not.toMatch(/the-user|the-password/);
  });

  it("fits into one transaction with the route, however many databases there may be", () => {
    const connectedDatabases = Array.from({ length: MIRRORED_DATABASES_MAX }, (_, index) => `db${index}`);
    const mirror = render(plannedMonitor("postgresql", { connectedDatabases }));
    expect(mirror.status("dc1")).toHaveLength(MIRRORED_DATABASES_MAX);
    expect(mirror.status("dc1").length + 1).toBeLessThanOrEqual(MAX_SWAP_KEYS);
  });

  it.each([
    [
      "more databases than that",
      Array.from({ length: MIRRORED_DATABASES_MAX + 1 }, (_, index) => `db${index}`),
    ],
    ["a database whose name would be another key", ["shop/active"]],
    ["no database", []],
  ])("is refused in words for %s", (_, connectedDatabases) => {
    expect(renderMasMirror(plannedMonitor("mysql", { connectedDatabases }))).toMatchObject({
      words: expect.stringContaining("cannot be mirrored"),
    });
  });

  it("does not exist for kinds that never switch", () => {
    expect(renderMasMirror(plannedMonitor("api", {}))).toBeNull();
  });
});
