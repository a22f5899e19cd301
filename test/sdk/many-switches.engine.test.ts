import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { ADMIN_USER } from "@evenkeel/lab/engines/engine-handle";
import type { LabEngine } from "@evenkeel/lab/engines/lab-engines";
import { loadSecrets } from "@evenkeel/lab/engines/secrets";
import { Redis } from "ioredis";
import { describe, expect } from "vitest";
import { openMysql } from "../../sdk/open-mysql.ts";
import { openPostgres } from "../../sdk/open-postgres.ts";
import { openRedis } from "../../sdk/open-redis.ts";
import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import { eventually } from "../eventually.ts";
import { findBroken, type Rig, switchManyTimes } from "./many-switches.ts";
import type { TwoSites } from "./two-sites.ts";
import { useTwoSites } from "./use-two-sites.ts";

const SWITCHES = 1000;
const SEED = 20_261_121;
/** Broken transactions that a failure lists. */
const SHOWN = 5;
/** Half a minute where nothing else runs. */
const LIMIT_MS = 400_000;

/** A source and how its driver writes two orders in one transaction. */
interface Opened {
  readonly source: RoutedSource;
  readonly transact: Rig["transact"];
}

const DRIVERS: readonly {
  readonly engine: LabEngine;
  readonly portBase: number;
  prepare?(sites: TwoSites): Promise<void>;
  open(config: SdkConfigInput): Promise<Opened>;
}[] = [
  {
    engine: "postgresql",
    portBase: 27_000,
    async open(config) {
      const source = await openPostgres(config, { snapshotFile: false });
      const insert = "INSERT INTO orders (id, item) VALUES ($1, 'test')";
      return {
        source,
        async transact(first, second) {
          const client = await source.pool.connect();
          try {
            await client.query("BEGIN");
            await client.query(insert, [first]);
            await client.query(insert, [second]);
            await client.query("COMMIT");
            client.release();
          } catch (error) {
            client.release(true);
            throw error;
          }
        },
      };
    },
  },
  {
    engine: "mysql",
    portBase: 27_100,
    async open(config) {
      const source = await openMysql(config, { snapshotFile: false });
      const insert = "INSERT INTO orders (id, item) VALUES (?, 'test')";
      return {
        source,
        async transact(first, second) {
          const connection = await source.pool.getConnection();
          try {
            await connection.beginTransaction();
            await connection.execute(insert, [first]);
            await connection.execute(insert, [second]);
            await connection.commit();
            connection.release();
          } catch (error) {
            connection.destroy();
            throw error;
          }
        },
      };
    },
  },
  {
    engine: "redis",
    portBase: 27_200,
    prepare: writeThrough,
    async open(config) {
      const source = await openRedis(config, { snapshotFile: false });
      return {
        source,
        async transact(first, second) {
          const { client } = source;
          const results = await client
            .multi()
            .set(`order:${first}`, "test")
            .set(`order:${second}`, "test")
            .exec();
          // ioredis resolves even where a command of the transaction was refused.
          for (const [error] of results ?? []) if (error !== null) throw error;
        },
      };
    },
  },
];

/**
 * Redis acknowledges, as most people run it, what it has not yet given to the system while an earlier fsync lasts; a
 * server that is killed then has lost it, wherever the route led. So it is told to write through first.
 */
async function writeThrough(sites: TwoSites): Promise<void> {
  const password = loadSecrets(sites.directory).passwords["redis-admin"];
  for (const { host, port } of Object.values(sites.engine.dataCentres)) {
    const redis = new Redis({ host, port, username: ADMIN_USER, password });
    await redis.config("SET", "appendfsync", "always");
    await redis.config("REWRITE");
    redis.disconnect();
  }
}

const countSockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

describe.each(DRIVERS)("$engine", ({ engine, portBase, prepare, open }) => {
  let sites: TwoSites;
  const { it, keep } = useTwoSites(engine, portBase, async (started) => {
    sites = started;
    await prepare?.(sites);
  });

  it(
    `${SWITCHES} switches under load, with servers that hang and die, split and lose no transaction and leak nothing`,
    async () => {
      await sites.route({ active: "dc1" });
      const socketsBefore = countSockets();
      const opened = await open(sites.config);
      keep(opened.source);
      const began = performance.now();
      const outcome = await switchManyTimes(
        { sites, ...opened },
        { count: SWITCHES, faults: true, seed: SEED },
      );
      const tookS = (performance.now() - began) / 1000;
      const { tried, acknowledged, failures, turns } = outcome;
      console.log(
        `${engine}: ${acknowledged.length} of ${tried.length} transactions over ${SWITCHES} switches in ${tookS.toFixed(0)} s; ` +
          `${JSON.stringify(Object.fromEntries(turns))}; ${JSON.stringify(Object.fromEntries(failures))}`,
      );
      const { split, lost } = await findBroken(sites, outcome);
      expect({ split: split.slice(0, SHOWN), lost: lost.slice(0, SHOWN) }).toEqual({ split: [], lost: [] });
      const unexpected = [...failures.keys()].filter(
        (code) => !/^EVENKEEL_SWITCHED$|while a server was ill$/.test(code),
      );
      expect(unexpected).toEqual([]);
      await opened.source.close();
      await eventually(() => expect(countSockets()).toBeLessThanOrEqual(socketsBefore));
    },
    LIMIT_MS,
  );
});
