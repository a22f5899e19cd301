import { randomUUID } from "node:crypto";
import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { describe, expect, vi } from "vitest";
import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import { eventually } from "../eventually.ts";
import type { Reread } from "./follow-home.ts";
import type { TwoSites } from "./two-sites.ts";
import { useTwoSites } from "./use-two-sites.ts";

/** What the suite needs of a driver; statements are plain texts. */
export interface SqlDriver {
  readonly source: RoutedSource;
  /** Runs a statement through the pool. @returns the first row's first column */
  run(sql: string): Promise<unknown>;
  /** Runs statements in one transaction. @returns the first column of each one's first row */
  inTransaction(statements: readonly string[]): Promise<unknown[]>;
}

/** A driver whose reads may be spread. */
export interface ReadsRequest {
  readonly engine: "mysql" | "postgresql";
  readonly portBase: number;
  open(config: SdkConfigInput): Promise<SqlDriver>;
  /**
   * Writes to a home that only reads, in each way in which a pool can be used, over a board that reads the route again so.
   * @returns what each write was rejected with
   */
  writeRefused(sites: TwoSites, reread: () => Promise<void>): Promise<unknown[]>;
  /** Runs a statement, with one try more, through a pool whose home only reads, and whose board reads the route again so. */
  runRefused(sites: TwoSites, reread: Reread, sql: string): Promise<unknown>;
  /** A write of which a server that refuses it may have done a part. */
  readonly half: string;
  /** The server's own word for it. */
  readonly refusal: object;
}

/** Written in dc2 only, so that who finds it reads there. */
const MARK = "only-in-dc2";
const WHERE = `SELECT count(*) FROM orders WHERE id = '${MARK}'`;
const OPEN = { readable: true, writable: true };

/**
 * The rules of reads beside the active side, proven with two real servers, the second of which follows the first.
 *
 * @param request the driver
 */
export function describeReads(request: ReadsRequest): void {
  describe(`reads of ${request.engine}`, () => {
    let sites: TwoSites;
    const { it, keep } = useTwoSites(request.engine, request.portBase, async (started) => {
      sites = started;
      const { etcd: _, ...local } = sites.config;
      const there = await request.open({ ...local, router: { ...local.router, active: "dc2" } });
      await there.run(`INSERT INTO orders (id, item) VALUES ('${MARK}', 'x')`);
      await there.source.close();
    });

    const open = async (config: SdkConfigInput): Promise<SqlDriver> => {
      await sites.route({ active: "dc1", dataCentres: { dc1: OPEN, dc2: OPEN } });
      const driver = await request.open(config);
      keep(driver.source);
      return driver;
    };
    const where = async (driver: SqlDriver, sql = WHERE): Promise<string> =>
      Number(await driver.run(sql)) === 0 ? "dc1" : "dc2";
    /** dc1 with the server of dc2 as its replica. */
    const withReplica = (): SdkConfigInput => {
      const { sources } = sites.config;
      const { host, port } = sites.engine.dataCentres.dc2;
      const { dc1 = {}, dc2 = {} } = sources;
      return { ...sites.config, sources: { dc1: { ...dc1, replicas: [`${host}:${port}`] }, dc2 } };
    };
    const untilRead = (driver: SqlDriver, site: string): Promise<void> =>
      eventually(async () => expect(await where(driver)).toBe(site));
    it("(b) go to a replica; what locks, is forced or stands in a transaction stays on the active side", async () => {
      const driver = await open(withReplica());
      await untilRead(driver, "dc2");
      expect(await where(driver, `/* a remark */ ${WHERE}`)).toBe("dc2");
      expect(await where(driver, `/* evenkeel:active */ ${WHERE}`)).toBe("dc1");
      const locking = `SELECT count(*) FROM (SELECT id FROM orders WHERE id = '${MARK}' FOR UPDATE) AS mine`;
      expect(await where(driver, locking)).toBe("dc1");
      const id = `tx-${randomUUID()}`;
      const insert = `INSERT INTO orders (id, item) VALUES ('${id}', 'x')`;
      const own = `SELECT count(*) FROM orders WHERE id = '${id}'`;
      expect((await driver.inTransaction([insert, own, WHERE])).slice(1).map(Number)).toEqual([1, 0]);
    });

    it("that turn out to write are refused by the replica and done by the active side", async () => {
      const driver = await open(withReplica());
      await untilRead(driver, "dc2");
      const id = `hidden-${randomUUID()}`;
      await driver.run(`/* evenkeel:read */ INSERT INTO orders (id, item) VALUES ('${id}', 'x')`);
      expect((await sites.engine.holdsOrders("dc1", [id])).size).toBe(1);
    });

    it("aside, a write that is refused as read-only makes the route be read again, whoever sent it", async () => {
      const reread = vi.fn(async () => undefined);
      const refusals = await request.writeRefused(sites, reread);
      for (const refusal of refusals) expect(refusal).toMatchObject(request.refusal);
      expect(refusals.length).toBeGreaterThan(1);
      expect(reread).toHaveBeenCalledTimes(refusals.length);
    });

    it("aside, a refused write is done where the route that was read again points to, unless a part may be done", async () => {
      const id = `moved-${randomUUID()}`;
      const reread: Reread = async (toDc2) => toDc2();
      await request.runRefused(sites, reread, `INSERT INTO orders (id, item) VALUES ('${id}', 'x')`);
      expect((await sites.engine.holdsOrders("dc2", [id])).size).toBe(1);
      const half = request.runRefused(sites, reread, request.half);
      await expect(half).rejects.toMatchObject(request.refusal);
    });

    it("are answered by the active side when the replica dies or hangs, and return to it", async () => {
      const driver = await open(withReplica());
      const replica = sites.engine.dataCentres.dc2.process;
      await untilRead(driver, "dc2");
      await replica.kill();
      expect(await where(driver)).toBe("dc1");
      await replica.revive();
      await untilRead(driver, "dc2");
      replica.stop();
      expect(await where(driver)).toBe("dc1");
      replica.cont();
      await untilRead(driver, "dc2");
    });

    it("go to the process's own zone whatever is active, and only while it may be read", async () => {
      const { props, sources, router } = sites.config;
      const at = (zone: string) => ({ cloud: "c", region: "r", zones: [zone] });
      const driver = await open({
        ...sites.config,
        props: { ...props, cloud: "c", region: "r", zone: "z2" },
        sources: { dc1: { ...sources.dc1, ...at("z1") }, dc2: { ...sources.dc2, ...at("z2") } },
        router: { ...router, algorithm: "single-write-local-read" },
      });
      await untilRead(driver, "dc2");
      const id = `local-${randomUUID()}`;
      await driver.run(`INSERT INTO orders (id, item) VALUES ('${id}', 'x')`);
      expect((await sites.engine.holdsOrders("dc1", [id])).size).toBe(1);
      await sites.route({ dataCentres: { dc1: OPEN, dc2: { readable: false, writable: true } } });
      await untilRead(driver, "dc1");
      await sites.route({ dataCentres: { dc1: OPEN, dc2: OPEN } });
      await untilRead(driver, "dc2");
    });
  });
}
