import { describe, expect, test } from "vitest";
import { parseConfig } from "../../sdk/config/parse-config.ts";
import { ConfigError } from "../../sdk/errors.ts";

/** As the Go SDK of devspore is configured, with placeholders. */
const DATABASES = `
props: { version: v1, appId: shop, monitorId: db, databaseName: orders, cloud: c, region: r, azs: az2 }
etcd: { address: "\${etcd_address}", apiVersion: v3, username: sdk, password: secret, httpsEnable: false }
datasource:
  ds0: { url: "tcp(10.0.0.1:3306)/orders?charset=utf8", username: app, password: p0, region: r, cloud: c }
  ds0-slave0: { url: tcp(10.0.0.2:3306)/orders, username: reader, password: p1 }
  ds1: { server: "10.0.1.1:3306", schema: orders, username: app, password: p2 }
router:
  active: dc1
  routeAlgorithm: local-read-single-write
  retry: { times: "10", delay: 50 }
  nodes:
    dc1: { weight: 1, master: ds0, azs: az1, loadBalance: RANDOM, slaves: [ds0-slave0] }
    dc2: { master: ds1, azs: az2, loadBalance: ROUND_ROBIN, slaves: }
chaos: { active: true }
`;
const REDIS = `
props: { version: v1, appId: shop, monitorId: cache, cloud: c, region: r, azs: az1 }
redis:
  redisGroupName: group
  username: app
  password: common
  nearest: dc1
  connectionPool: { enable: true }
  servers:
    dc1: { hosts: "127.0.0.1:6379", password: , type: normal, cloud: c, region: r, azs: az1, pool: { maxTotal: 100 } }
    dc2: { hosts: "127.0.0.1:6380", password: own, type: normal, cloud: c, region: r, azs: az2 }
routeAlgorithm: single-read-write
active: dc1
`;
const VARIABLES = { etcd_address: "10.0.9.1:2379,10.0.9.2:2379", EVENKEEL_INSTANCE_ID: "inst" };

function problemsOf(text: string, variables: Record<string, string> = VARIABLES): readonly string[] {
  try {
    parseConfig(text, variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("the layouts of MAS and devspore", () => {
  test("for databases are read as they are: servers by name, nodes that name them", () => {
    const config = parseConfig(DATABASES, VARIABLES);
    expect(config.props).toMatchObject({ instanceId: "inst", appId: "shop", monitorId: "db", zone: "az2" });
    expect(config.etcd).toMatchObject({
      address: VARIABLES.etcd_address,
      username: "sdk",
      password: "secret",
    });
    const account = { database: "orders", username: "app" };
    const place = { cloud: "c", region: "r", zones: ["az1"] };
    const replica = { host: "10.0.0.2", port: 3306, database: "orders", username: "reader", password: "p1" };
    expect(config.sources.dc1).toEqual({
      ...{ host: "10.0.0.1", port: 3306, ...account, password: "p0", ...place },
      ...{ replicas: [replica], loadBalance: "random" },
    });
    expect(config.sources.dc2).toEqual({
      ...{ host: "10.0.1.1", port: 3306, ...account, password: "p2" },
      ...{ zones: ["az2"], loadBalance: "round-robin" },
    });
    expect(config.router).toMatchObject({
      ...{ active: "dc1", algorithm: "single-write-local-read" },
      retry: { times: 10, delayMs: 50 },
    });
  });

  test("for databases are read with JDBC's addresses under `sources` too", () => {
    const text = DATABASES.replace("datasource:", "sources:").replace(
      "url: tcp(10.0.0.2:3306)/orders",
      "jdbcUrl: 'jdbc:mysql://[fd00::2]:3307/orders?useSSL=false'",
    );
    expect(parseConfig(text, VARIABLES).sources.dc1?.replicas?.[0]).toMatchObject({
      ...{ host: "fd00::2", port: 3307, database: "orders" },
    });
  });

  test("for Redis are read as they are, and without etcd they work locally", () => {
    const config = parseConfig(REDIS, {});
    expect(config.etcd).toBeUndefined();
    const place = { cloud: "c", region: "r" };
    expect(config.sources).toEqual({
      dc1: { host: "127.0.0.1", port: 6379, username: "app", password: "common", ...place, zones: ["az1"] },
      dc2: { host: "127.0.0.1", port: 6380, username: "app", password: "own", ...place, zones: ["az2"] },
    });
    expect(config.router).toMatchObject({ active: "dc1", algorithm: "single-read-write" });
  });

  test.each<[string, string, string, RegExp]>([
    ["a name that no server has", "master: ds1", "master: ds7", /^router\.nodes\.dc2\.master: names ds7/],
    ["no address", 'server: "10.0.1.1:3306"', "server: nowhere", /^datasource\.ds1: has no address/],
    ["TLS in parameters", "charset=utf8", "tls=true", /^datasource\.ds0: its parameters ask for TLS/],
    [
      "another algorithm",
      "local-read-single-write",
      "double-write",
      /^router\.routeAlgorithm: double-write is not/,
    ],
    ["another name of a data centre", "dc2: {", "c1: {", /^c1: a data centre is called dc1/],
    ["a wrong balance", "RANDOM", "FAIR", /^router\.nodes\.dc1\.loadBalance: is to be/],
  ])("with %s are refused by the place in the document", (_what, from, to, problem) => {
    expect(DATABASES).toContain(from);
    const problems = problemsOf(DATABASES.replace(from, to));
    expect(problems).toContainEqual(expect.stringMatching(problem));
    expect(problems.join()).not.toMatch(/\bp[012]\b|secret/);
  });

  test("that lack the instance's id, or name servers that are not served, say what to do", () => {
    const { etcd_address } = VARIABLES;
    expect(problemsOf(DATABASES, { etcd_address })).toEqual([
      expect.stringMatching(
        /^props\.instanceId: is missing; add what the console shows, or set EVENKEEL_INST/,
      ),
    ]);
    expect(problemsOf(REDIS.replace("type: normal", "type: proxy"))).toEqual([
      "redis.servers.dc1.type: is to be normal, master-slave, cluster or sentinel, and proxy stands there",
    ]);
    expect(problemsOf(REDIS.replace("type: normal", "type: sentinel"))).toEqual([
      expect.stringMatching(/^redis\.servers\.dc1\.masterName: is missing; add the name/),
    ]);
    expect(
      problemsOf(REDIS.replace('"127.0.0.1:6379", password: , type: normal', '"a:1, b", type: cluster')),
    ).toEqual(["redis.servers.dc1.hosts: is to be host:port, with commas between; number 2 is not"]);
  });

  test("for Redis name sentinels, clusters, and masters with replicas", () => {
    const dc1 = (server: string) =>
      parseConfig(REDIS.replace('hosts: "127.0.0.1:6379", password: , type: normal', server), {}).sources.dc1;
    const place = { cloud: "c", region: "r", zones: ["az1"] };
    const account = { username: "app", password: "common", ...place };
    const addresses = ["s1:1", "[::1]:2"];
    const first = { host: "s1", port: 1, addresses };
    expect(dc1('hosts: "s1:1, [::1]:2", type: cluster')).toEqual({ ...account, ...first, mode: "cluster" });
    const sentinels = 'hosts: "s1:1,[::1]:2", type: sentinel, masterName: m, sentinelPassword: sp';
    expect(dc1(sentinels)).toEqual({
      ...{ ...account, ...first, mode: "sentinel" },
      ...{ masterName: "m", sentinelPassword: "sp" },
    });
    expect(dc1('hosts: "s1:1", type: master-slave')).toEqual({ ...account, host: "s1", port: 1 });
  });

  test.each(["local-read-async-double-write", "single-read-async-double-write"])(
    "for Redis ask for %s with a queue in memory or on disk",
    (algorithm) => {
      const text = REDIS.replace("routeAlgorithm: single-read-write", `routeAlgorithm: ${algorithm}`);
      expect(parseConfig(text, {}).router).toMatchObject({
        algorithm,
        nearest: "dc1",
        copies: { queue: "memory" },
      });
      const pool =
        "  asyncRemoteWrite: { retryTimes: 4 }\n" +
        "  asyncRemotePool: { persist: true, persistDir: /var/q, threadCoreSize: 10, taskQueueSize: 500 }\n";
      const onDisk = text.replace("  nearest: dc1\n", pool);
      expect(parseConfig(onDisk, {}).router).toMatchObject({
        algorithm,
        copies: { queue: "disk", directory: "/var/q", maxEntries: 500, overflow: "drop-oldest" },
      });
      expect(() => parseConfig(onDisk.replace("persistDir: /var/q,", ""), {})).toThrow(
        /router\.copies\.directory: is needed for a queue on disk/,
      );
    },
  );

  test("that ask for reads from the nearest are served for Redis too", () => {
    const text = REDIS.replace("single-read-write", "local-read-single-write");
    expect(parseConfig(text, {}).router).toMatchObject({
      algorithm: "single-write-local-read",
      nearest: "dc1",
    });
    const nowhere = text.replace("nearest: dc1", "nearest: dc5");
    expect(problemsOf(nowhere)).toEqual([
      expect.stringMatching(/^router\.nearest: names a data centre that/),
    ]);
  });
});
