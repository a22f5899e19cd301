import { randomUUID } from "node:crypto";
import { SHOP_DATABASE } from "@evenkeel/lab/engines/engine-handle";
import type { RowDataPacket } from "mysql2";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { openMysql } from "../../sdk/open-mysql.ts";
import { openPostgres } from "../../sdk/open-postgres.ts";
import { openRedis } from "../../sdk/open-redis.ts";
import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import { eventually } from "../eventually.ts";
import { askSide } from "./doubly-written.ts";
import { describeSites, type HandingOut, listSecrets, PLACES, startHandingOut } from "./hand-out.ts";
import type { TwoSites } from "./two-sites.ts";
import { useTwoSites } from "./use-two-sites.ts";

/** First ports of the engines; the control plane's is above those of the first. */
const PORT_BASES = { mysql: 27_300, postgresql: 27_400, redis: 27_500 } as const;
const CONTROL_PORT = PORT_BASES.mysql + 90;
const START_WITHIN_MS = 120_000;

let control: HandingOut;
beforeAll(async () => {
  control = await startHandingOut(CONTROL_PORT);
}, START_WITHIN_MS);
afterAll(async () => {
  await control?.end();
});

const [zone = ""] = PLACES.dc2.zones;
/** What a process that runs beside dc2 says of itself. */
const BESIDE_DC2 = {
  EVENKEEL_CLOUD: PLACES.dc2.cloud,
  EVENKEEL_REGION: PLACES.dc2.region,
  EVENKEEL_ZONE: zone,
};

interface SqlSource extends Pick<RoutedSource, "close"> {
  /** Runs a statement through the pool. @returns the first row's first column */
  run(sql: string): Promise<unknown>;
}

type Opens = (yaml: string, variables: Record<string, string>) => Promise<SqlSource>;
const first = (row: object | undefined): unknown => Object.values(row ?? {})[0];

const OPEN: Readonly<Record<"mysql" | "postgresql", Opens>> = {
  async mysql(yaml, variables) {
    const { pool, close } = await openMysql(yaml, { variables, snapshotFile: false });
    return { close, run: async (sql) => first((await pool.query<RowDataPacket[]>(sql))[0][0]) };
  },
  async postgresql(yaml, variables) {
    const { pool, close } = await openPostgres(yaml, { variables, snapshotFile: false });
    return { close, run: async (sql) => first((await pool.query(sql)).rows[0]) };
  },
};

describe.each(["mysql", "postgresql"] as const)(
  "the configuration of %s that the API hands out",
  (engine) => {
    let sites: TwoSites;
    /** Written in dc2 only, so that who finds it reads there. */
    const mark = `only-in-dc2-${randomUUID()}`;
    const { it, keep } = useTwoSites(engine, PORT_BASES[engine], async (started) => {
      sites = started;
      const { etcd: _, ...local } = sites.config;
      const yaml = JSON.stringify({ ...local, router: { ...local.router, active: "dc2" } });
      const there = await OPEN[engine](yaml, {});
      await there.run(`INSERT INTO orders (id, item) VALUES ('${mark}', 'x')`);
      await there.close();
    });
    const open = async (yaml: string, place: Record<string, string>): Promise<SqlSource> =>
      keep(await OPEN[engine](yaml, { ...listSecrets(sites), ...place }));
    /** Reads in dc2, sooner or later: a server is read from once its connection stands. */
    const readsInDc2 = (source: SqlSource) =>
      eventually(async () => {
        const found = await source.run(`SELECT count(*) FROM orders WHERE id = '${mark}'`);
        expect(Number(found)).toBe(1);
      });
    const writesInDc1 = async (source: SqlSource): Promise<void> => {
      const id = `handed-out-${randomUUID()}`;
      await source.run(`INSERT INTO orders (id, item) VALUES ('${id}', 'x')`);
      expect((await sites.engine.holdsOrders("dc1", [id])).size).toBe(1);
    };

    it("reads from the data centre nearest to the process, and from replicas, as was stored", async () => {
      const pools = [{ database: SHOP_DATABASE, algorithm: "single-write-local-read" }];
      const watched = await control.watch(describeSites(sites), { pools });
      const nearest = await open(await watched.yaml(), BESIDE_DC2);
      await readsInDc2(nearest);
      await writesInDc1(nearest);

      const { dc1, dc2 } = sites.engine.dataCentres;
      const { monitor } = sites.engine;
      const replicas = [`${dc2.host}:${dc2.port}`];
      const home = { ...monitor.target(`${dc1.host}:${dc1.port}`), replicas };
      const away = monitor.target(`${dc2.host}:${dc2.port}`);
      await watched.edit({
        pools: [{ database: SHOP_DATABASE, readReplicas: true, loadBalance: "random" }],
        dataCentres: [
          { name: "dc1", site: "dc1", config: home },
          { name: "dc2", site: "dc2", config: away },
        ],
      });
      const spread = await open(await watched.yaml(), {});
      await readsInDc2(spread);
      await writesInDc1(spread);
    });
  },
);

describe("the configuration of Redis that the API hands out", () => {
  let sites: TwoSites;
  const { it, keep } = useTwoSites("redis", PORT_BASES.redis, (started) => {
    sites = started;
  });

  it("copies writes to the other data centre, and reads from the nearest", async () => {
    const common = { algorithm: "local-read-async-double-write" };
    const watched = await control.watch(describeSites(sites), { common });
    const variables = { ...listSecrets(sites), ...BESIDE_DC2 };
    const source = keep(await openRedis(await watched.yaml(), { variables, snapshotFile: false }));
    const [written, mark] = [`order:${randomUUID()}`, `order:${randomUUID()}`];
    await source.client.set(written, "x");
    expect(await askSide(sites, "dc1", (redis) => redis.get(written))).toBe("x");
    await eventually(async () => {
      expect(await askSide(sites, "dc2", (redis) => redis.get(written))).toBe("x");
    });
    await askSide(sites, "dc2", (redis) => redis.set(mark, "there"));
    await eventually(async () => expect(await source.client.get(mark)).toBe("there"));
  });
});
