import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { Databases, Redis } from "../../sdk/config/devspore-layout.ts";
import { parseConfig } from "../../sdk/config/parse-config.ts";
import { ConfigError } from "../../sdk/errors.ts";
import { listConfigFields } from "./config-fields.ts";
import { readTable } from "./read-page.ts";

const PAGE = "migrate-from-mas.md";
/** A field that is put into a file of the old layout, and what it comes to. */
interface Probe {
  readonly put: unknown;
  readonly got?: unknown;
  /** What has to stand beside it. */
  readonly beside?: Readonly<Record<string, unknown>>;
}

const COMMON: Record<string, Probe> = {
  "props.instanceId": { put: "inst9", got: "inst9" },
  "props.appId": { put: "app9", got: "app9" },
  "props.monitorId": { put: "mon9", got: "mon9" },
  "props.databaseName": { put: "name9", got: "name9" },
  "props.cloud": { put: "cloud9", got: "cloud9" },
  "props.region": { put: "region9", got: "region9" },
  "props.azs": { put: "az9, az8", got: "az9" },
  "props.decipherClassName": { put: "com.example.Decipher", got: "com.example.Decipher" },
  "props.version": { put: "v7" },
  "etcd.address": { put: "10.9.9.9:2379", got: "10.9.9.9:2379" },
  "etcd.apiVersion": { put: "v3", got: "v3" },
  "etcd.username": { put: "user9", got: "user9" },
  "etcd.password": { put: "secret9", got: "secret9" },
  "etcd.httpsEnable": { put: true, got: true },
  "etcd.certificatePath": { put: "/ca9.pem", got: "/ca9.pem" },
};
const PLACE = (path: string): Record<string, Probe> => ({
  [`${path}.cloud`]: { put: "cloud9", got: "cloud9" },
  [`${path}.region`]: { put: "region9", got: "region9" },
  [`${path}.azs`]: { put: "az9,az8", got: ["az9", "az8"] },
});
const SENTINEL = (field: string): Record<string, Probe> => ({
  [`redis.servers.DC.${field}`]: {
    put: "name9",
    got: "name9",
    beside: { "redis.servers.DC.type": "sentinel", "redis.servers.DC.masterName": "m" },
  },
});
const DATABASES: Record<string, Probe> = {
  ...COMMON,
  "datasource.NAME.url": { put: "tcp(h9:1)/orders", got: "h9" },
  "datasource.NAME.jdbcUrl": { put: "jdbc:mysql://h9:1/orders", got: "h9" },
  "datasource.NAME.server": { put: "h9:1", got: "h9" },
  "datasource.NAME.schema": { put: "schema9", got: "schema9" },
  "datasource.NAME.username": { put: "user9", got: "user9" },
  "datasource.NAME.password": { put: "secret9", got: "secret9" },
  ...PLACE("datasource.NAME"),
  "router.active": { put: "dc2", got: "dc2" },
  "router.routeAlgorithm": { put: "local-read-single-write", got: "single-write-local-read" },
  "router.retry.times": { put: "9", got: 9 },
  "router.retry.delay": { put: 99, got: 99 },
  "router.nodes.DC.master": { put: "other", got: "o" },
  "router.nodes.DC.loadBalance": { put: "RANDOM", got: "random" },
  "router.nodes.DC.slaves": { put: ["other"], got: [{ host: "o", port: 3306 }] },
  "router.nodes.DC.azs": { put: "az9", got: ["az9"] },
  "router.nodes.DC.weight": { put: 9 },
  "chaos.active": { put: true },
};
const REDIS: Record<string, Probe> = {
  "redis.username": { put: "user9", got: "user9" },
  "redis.password": { put: "secret9", got: "secret9" },
  "redis.servers.DC.hosts": { put: "h9:1", got: "h9" },
  "redis.servers.DC.password": { put: "secret9", got: "secret9" },
  "redis.servers.DC.type": { put: "cluster", got: "cluster" },
  ...SENTINEL("masterName"),
  ...SENTINEL("sentinelUsername"),
  ...SENTINEL("sentinelPassword"),
  ...PLACE("redis.servers.DC"),
  "redis.servers.DC.pool": { put: { maxTotal: 9 } },
  "redis.redisGroupName": { put: "group9" },
  "redis.nearest": { put: "dc2", got: "dc2" },
  "redis.asyncRemotePool.persist": { put: true, got: "disk" },
  "redis.asyncRemotePool.persistDir": { put: "/queue9", got: "/queue9" },
  "redis.asyncRemotePool.taskQueueSize": { put: "99", got: 99 },
  "redis.asyncRemotePool.threadCoreSize": { put: 9 },
  "redis.asyncRemoteWrite.retryTimes": { put: 9 },
  "redis.connectionPool": { put: { enable: true } },
  routeAlgorithm: { put: "single-read-write", got: "single-read-write" },
  active: { put: "dc2", got: "dc2" },
};
/** Without an address of its own in `ds0`, because each way of giving one is a probe. */
const DATABASE_FILE = `
props: { appId: a, monitorId: m, cloud: c }
etcd: { address: "10.0.0.9:2379" }
datasource: { ds0: {}, ds1: { server: "b:3306" }, other: { server: "o:3306" } }
router: { active: dc1, nodes: { dc1: { master: ds0 }, dc2: { master: ds1 } } }
`;
const REDIS_FILE = `
props: { appId: a, monitorId: m }
etcd: { address: "10.0.0.9:2379" }
redis: { servers: { dc1: { hosts: "a:6379" }, dc2: { hosts: "b:6379" } }, asyncRemotePool: { persistDir: "/queue" } }
routeAlgorithm: single-read-async-double-write
active: dc1
`;

const concrete = (path: string): string[] => path.replace("NAME", "ds0").replace("DC", "dc1").split(".");

function put(file: string, path: string, probe: Probe | undefined): unknown {
  const document = parse(file);
  for (const [there, value] of Object.entries({ ...probe?.beside, [path]: probe?.put })) {
    const [last = "", ...rest] = concrete(there).reverse();
    const holder = rest.reverse().reduce((at, key) => {
      at[key] ??= {};
      return at[key];
    }, document);
    holder[last] = value;
  }
  const ds0 = document.datasource?.ds0;
  if (ds0 !== undefined && !["url", "jdbcUrl", "server"].some((name) => name in ds0)) ds0.server = "a:3306";
  return document;
}

/** @returns the configuration, or the problems that its reading ended with */
function read(document: unknown): unknown {
  try {
    return parseConfig(stringify(document), { EVENKEEL_INSTANCE_ID: "inst" });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join();
    throw error;
  }
}

const valueAt = (config: unknown, path: string): unknown =>
  concrete(path).reduce<unknown>(
    (at, key) => (at === null || at === undefined ? at : Reflect.get(at, key)),
    config,
  );

describe.each([
  { heading: "Databases", file: DATABASE_FILE, layout: Databases, probes: DATABASES },
  { heading: "Redis", file: REDIS_FILE, layout: Redis, probes: { ...COMMON, ...REDIS } },
])("the migration page's table of $heading", ({ heading, file, layout, probes }) => {
  const table = readTable(PAGE, heading);
  // What both layouts have in common stands in the first table alone.
  const rows =
    heading === "Redis"
      ? [...readTable(PAGE, "Databases").slice(0, Object.keys(COMMON).length), ...table]
      : table;

  test("has every field that is read, and tells of each what becomes of it", () => {
    const names = (path: string) => path.replace(/\b(nodes|servers)\.dcN/, "$1.DC").replace(/dcN/, "NAME");
    const readFields = listConfigFields(layout).map(({ path }) =>
      names(path).replace("sources.", "datasource."),
    );
    const told = rows.map(([there]) => there);
    expect(told).toEqual(expect.arrayContaining([...new Set(readFields)]));
    expect(told.sort()).toEqual(Object.keys(probes).sort());
  });

  test.each(rows)("%s → %s", (there = "", here = "") => {
    const probe = probes[there];
    const config = read(put(file, there, probe));
    if (here === "–") return expect(config).toEqual(read(put(file, "props.appId", { put: "a" })));
    if (here === "refused") return expect(config).toMatch(new RegExp(`^${concrete(there).join("\\.")}: `));
    const got = valueAt(config, here);
    if (Array.isArray(probe?.got)) expect(got).toMatchObject(probe.got);
    else expect(got).toBe(probe?.got);
  });
});
