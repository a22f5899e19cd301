import type { Partition } from "@evenkeel/contracts/api";
import { PoolList, type SdkConfigQuery } from "@evenkeel/contracts/pool-settings";
import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { redis } from "../../plugins/monitors/redis.ts";
import { REDIS_ALGORITHMS } from "../../plugins/redis-settings.ts";
import { checkPools, choosePool } from "../../workers/plan/pools.ts";
import type { MonitorRows, PlanRows } from "../../workers/plan/rows.ts";
import { renderSdkConfig } from "../../workers/plan/sdk-config.ts";
import { placeSite } from "../../workers/plan/site-place.ts";
import { fakedb } from "./fake-kinds.ts";

/** The part of the catalogue that a configuration is made from. */
const ROWS = { instance: { id: "inst" }, stores: [], sites: [] } as unknown as PlanRows;
const SUBJECT = {
  monitor: { id: "db", applicationId: "shop", common: {}, pools: [] },
  dataCentres: [{ name: "dc1", config: {} }],
} as unknown as MonitorRows;

const WISH = {
  site: null,
  store: undefined,
  partitions: [],
  fallback: { tellers: [], controlPlane: "https://cp.test" },
};

const sourceOf = (addresses?: readonly string[]) => {
  const one = { host: "a.local", port: 1, databases: [], hasUser: false };
  const plugin = { ...fakedb, source: () => (addresses === undefined ? one : { ...one, addresses }) };
  const pool = choosePool(SUBJECT, plugin, {});
  return SdkConfig.parse(parse(renderSdkConfig(ROWS, SUBJECT, plugin, { ...WISH, pool }) ?? "")).sources.dc1;
};

it("hands out every address of a kind that has several, and host and port of one that has one", () => {
  const several = ["a.local:1", "[fd00::1]:2"];
  expect(sourceOf(several)).toMatchObject({ host: "a.local", port: 1, addresses: several });
  expect(sourceOf(["a.local:1"])).not.toHaveProperty("addresses");
  expect(sourceOf()).toMatchObject({ host: "a.local", port: 1 });
});

const EAST: Partition = {
  kind: "local",
  name: "east",
  description: "",
  region: "cn-north",
  zones: ["dc1", "dc2"],
};
const WEST: Partition = { ...EAST, kind: "third-party", name: "west", region: "", zones: ["dc3"] };

it.each([
  ["dc1", { cloud: "local", region: "cn-north", zones: ["dc1"] }],
  ["dc3", { cloud: "third-party", region: "west", zones: ["dc3"] }],
  ["dc9", { cloud: "local", region: "dc9", zones: ["dc9"] }],
])("places the site %s by the partition that names it", (name, place) => {
  const site = { name, cloud: null, region: null, zones: [] };
  expect(placeSite(site, [EAST, WEST])).toEqual(place);
});

it("places a site where people said that it stands, and only what they left out by its partition", () => {
  const said = { name: "dc1", cloud: "aws", region: null, zones: ["a", "b"] };
  const known = { cloud: "aws", region: "cn-north", zones: ["a", "b"] };
  expect(placeSite(said, [EAST, WEST])).toEqual(known);
});

describe("Redis", () => {
  const monitorOf = (algorithm: string, pools: readonly object[] = [], more: object = {}): MonitorRows => {
    const { mode, ...target } = { mode: "normal", ...more };
    const common = redis.common.parse({ algorithm, mode });
    const addresses = { address: "10.0.0.1:6379", furtherAddresses: ["10.0.0.2:6379"] };
    const config = redis.target.parse({ ...addresses, ...target });
    return {
      monitor: { id: "cache", applicationId: "shop", common, pools: PoolList.parse(pools) },
      dataCentres: [{ name: "dc1", config }],
    } as unknown as MonitorRows;
  };
  const render = (subject: MonitorRows, query: SdkConfigQuery = {}) => {
    checkPools(subject, redis);
    const pool = choosePool(subject, redis, query);
    return SdkConfig.parse(parse(renderSdkConfig(ROWS, subject, redis, { ...WISH, pool }) ?? ""));
  };

  it.each(REDIS_ALGORITHMS)("hands out %s as its monitor has it", (algorithm) => {
    const { router, sources } = render(monitorOf(algorithm));
    expect(router.algorithm).toBe(algorithm);
    expect(router.copies?.queue).toBe(algorithm === "single-read-write" ? undefined : "memory");
    expect(sources.dc1).not.toHaveProperty("replicas");
  });

  it("hands out the queue that is wished, and the servers that follow", () => {
    const disk = { queue: "disk", directory: "/var/lib/shop", overflow: "refuse-writes" };
    const pools = [{ copies: disk, readReplicas: true }];
    const { router, sources } = render(monitorOf("single-read-async-double-write", pools));
    expect(router.copies).toMatchObject({ ...disk, fsync: "every-second" });
    expect(sources.dc1?.replicas).toEqual([{ host: "10.0.0.2", port: 6379 }]);
    const inMemory = render(monitorOf("single-read-async-double-write", pools), { queue: "memory" });
    expect(inMemory.router.copies).not.toHaveProperty("directory");
    expect(render(monitorOf("single-read-write", pools)).router).not.toHaveProperty("copies");
  });

  it("is told apart from other monitors of a process by the names of its variables", () => {
    const subject = monitorOf("single-read-write");
    const wish = { ...WISH, pool: choosePool(subject, redis, {}), prefix: "CACHE" };
    const { sources } = SdkConfig.parse(parse(renderSdkConfig(ROWS, subject, redis, wish) ?? ""));
    expect(sources.dc1?.password).toBe(`\${${"CACHE_DC1_PASSWORD"}}`);
  });

  it("is handed out with its sentinels, whose password may be missing without a user, and as a cluster", () => {
    const sentinels = { mode: "sentinel", masterName: "shop", sentinelUser: "watcher" };
    const { dc1 } = render(monitorOf("local-read-async-double-write", [], sentinels)).sources;
    const [user, password, none] = ["USERNAME", "PASSWORD", "PASSWORD:-"].map(
      (name) => `\${DC1_SENTINEL_${name}}`,
    );
    const addresses = ["10.0.0.1:6379", "10.0.0.2:6379"];
    expect(dc1).toMatchObject({ mode: "sentinel", masterName: "shop", addresses });
    expect(dc1).toMatchObject({ sentinelUsername: user, sentinelPassword: password });
    const open = render(monitorOf("single-read-write", [], { mode: "sentinel" })).sources.dc1;
    expect(open).toMatchObject({ masterName: "mymaster", sentinelPassword: none });
    expect(open).not.toHaveProperty("sentinelUsername");
    const cluster = monitorOf("single-read-write", [{ readReplicas: true }], { mode: "cluster" });
    expect(render(cluster).sources.dc1).toMatchObject({ mode: "cluster", addresses });
    expect(render(cluster).sources.dc1).not.toHaveProperty("replicas");
    const doubled = { algorithm: "single-read-async-double-write" } as const;
    expect(() => render(cluster, doubled)).toThrow("writes cannot be copied from or to a cluster");
  });

  it("has its algorithm in one place only, and no bound that could not be measured", () => {
    const doubled = [{ algorithm: "single-read-write" }];
    expect(() => render(monitorOf("single-read-write", doubled))).toThrow("set common.algorithm");
    const bounded = [{ readReplicas: true, maxStalenessMs: 1000 }];
    expect(() => render(monitorOf("single-read-write", bounded))).toThrow("cannot be measured");
    const query = { queue: "disk" } as const;
    expect(() => render(monitorOf("single-read-async-double-write"), query)).toThrow("directory: is needed");
  });

  it.each(["single-read", "single-write-local-read"])(
    "refuses the algorithm %s by naming all",
    (algorithm) => {
      const result = redis.common.safeParse({ algorithm });
      expect(result.error?.issues[0]?.message).toBe(`must be one of ${REDIS_ALGORITHMS.join(", ")}`);
    },
  );
});
