import { randomUUID } from "node:crypto";
import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { ADMIN_USER } from "@evenkeel/lab/engines/engine-handle";
import { connectMariadb } from "@evenkeel/lab/engines/mariadb-connection";
import { loadSecrets } from "@evenkeel/lab/engines/secrets";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openMysql } from "../../sdk/open-mysql.ts";
import { openPostgres } from "../../sdk/open-postgres.ts";
import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import { eventually } from "../eventually.ts";
import { startPhysicalReplica, whyNoReplica } from "../lab/engines/physical-replica.ts";
import { startTwoSites, type TwoSites } from "./two-sites.ts";

const PORT_BASE = { mysql: 26_700, postgresql: 26_800 };
const REPLICA_PORT = 26_890;
const SLOW_MS = 120_000;
const OPEN = { readable: true, writable: true };
const MAX_STALENESS_MS = 1000;

/** A server for reads that can be told to stop applying what is written. */
interface Follower {
  readonly port: number;
  stop(): Promise<unknown>;
  goOn(): Promise<unknown>;
}

interface Opened {
  readonly source: RoutedSource;
  /** @returns the port of the server that a read was answered by */
  where(): Promise<number>;
  write(): Promise<void>;
}

const insert = () => `INSERT INTO orders (id, item) VALUES ('stale-${randomUUID()}', 'x')`;

/** dc1 with these replicas, which may be so far behind; null: as far as they like. */
function configOf(sites: TwoSites, ports: readonly number[], maxStalenessMs: number | null): SdkConfigInput {
  const { dc1 = {}, dc2 = {} } = sites.config.sources;
  const replicas = ports.map((port) => ({ ...dc1, port, host: sites.engine.dataCentres.dc1.host }));
  const bound = maxStalenessMs === null ? {} : { maxStalenessMs };
  return {
    ...sites.config,
    sources: { dc1: { ...dc1, replicas }, dc2 },
    router: { ...sites.config.router, ...bound },
  };
}

function describeStaleness(
  engine: "mysql" | "postgresql",
  parts: {
    follow(sites: TwoSites): Promise<Follower | string>;
    open(config: SdkConfigInput): Promise<Opened>;
  },
): void {
  describe(`bounded staleness with ${engine}`, () => {
    let sites: TwoSites | null = null;
    let follower: Follower;
    let why = "";
    const opened: RoutedSource[] = [];

    beforeAll(async () => {
      const started = await startTwoSites(engine, PORT_BASE[engine]);
      if (typeof started === "string") {
        why = started;
        return;
      }
      sites = started;
      const found = await parts.follow(started);
      if (typeof found === "string") why = found;
      else follower = found;
    }, SLOW_MS);
    afterAll(async () => await sites?.destroy(), SLOW_MS);
    afterEach(async () => {
      for (const source of opened.splice(0)) await source.close();
    });

    const it = (name: string, run: (at: TwoSites) => Promise<void>): void =>
      test(name, { timeout: SLOW_MS }, async (context) => {
        if (sites === null || why !== "") return context.skip(why);
        await run(sites);
      });
    const open = async (at: TwoSites, ports: readonly number[], bound: number | null): Promise<Opened> => {
      await at.route({ active: "dc1", dataCentres: { dc1: OPEN, dc2: OPEN } });
      const made = await parts.open(configOf(at, ports, bound));
      opened.push(made.source);
      return made;
    };

    it("a replica is read while it is within the bound, not while it is behind, and again once it has caught up", async (at) => {
      const home = at.engine.dataCentres.dc1.port;
      const reads = await open(at, [follower.port], MAX_STALENESS_MS);
      await reads.write();
      await eventually(async () => expect(await reads.where()).toBe(follower.port));
      await follower.stop();
      await reads.write();
      const acknowledgedMs = performance.now();
      await eventually(() => expect(performance.now() - acknowledgedMs).toBeGreaterThan(MAX_STALENESS_MS));
      for (let turn = 0; turn < 20; turn += 1) expect(await reads.where()).toBe(home);
      await follower.goOn();
      await eventually(async () => expect(await reads.where()).toBe(follower.port));
    });

    it("without a bound it is read however far it is behind", async (at) => {
      const reads = await open(at, [follower.port], null);
      await follower.stop();
      await reads.write();
      await eventually(async () => expect(await reads.where()).toBe(follower.port));
      await follower.goOn();
    });
    if (engine === "mysql") return;
    it("a server whose lag cannot be measured, such as one that follows by logical replication, is not read from", async (at) => {
      const other = at.engine.dataCentres.dc2.port;
      const reads = await open(at, [other, follower.port], MAX_STALENESS_MS);
      await eventually(async () => expect(await reads.where()).toBe(follower.port));
      for (let turn = 0; turn < 20; turn += 1) expect(await reads.where()).not.toBe(other);
    });
  });
}

describeStaleness("mysql", {
  async follow(sites) {
    const { host, port } = sites.engine.dataCentres.dc2;
    const password = loadSecrets(sites.directory).passwords["mysql-admin"];
    const run = (sql: string) =>
      connectMariadb({ host, port, user: ADMIN_USER, password }, (ask) => ask(sql));
    return { port, stop: () => run("STOP SLAVE SQL_THREAD"), goOn: () => run("START SLAVE SQL_THREAD") };
  },
  async open(config) {
    const source = await openMysql(config, { snapshotFile: false });
    return {
      source,
      async where() {
        const [rows] = await source.pool.query("/* evenkeel:read */ SELECT @@port AS port");
        return Number(Reflect.get((rows as object[])[0] ?? {}, "port"));
      },
      write: async () => void (await source.pool.query(insert())),
    };
  },
});

describeStaleness("postgresql", {
  async follow(sites) {
    const missing = await whyNoReplica();
    if (missing !== undefined) return missing;
    const { host, port } = sites.engine.dataCentres.dc1;
    const password = loadSecrets(sites.directory).passwords["postgresql-admin"];
    const main = { host, port, user: ADMIN_USER, password };
    const started = await startPhysicalReplica(sites.supervisor, main, REPLICA_PORT);
    return {
      port: REPLICA_PORT,
      stop: () => started.ask("SELECT pg_wal_replay_pause()"),
      goOn: () => started.ask("SELECT pg_wal_replay_resume()"),
    };
  },
  async open(config) {
    const source = await openPostgres(config, { snapshotFile: false });
    return {
      source,
      async where() {
        const { rows } = await source.pool.query<{ port: number }>("SELECT inet_server_port() AS port");
        return rows[0]?.port ?? 0;
      },
      write: async () => void (await source.pool.query(insert())),
    };
  },
});
