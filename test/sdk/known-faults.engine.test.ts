import { randomUUID } from "node:crypto";
import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { RowDataPacket } from "mysql2";
import { describe, expect } from "vitest";
import { type MysqlOptions, type MysqlSource, openMysql } from "../../sdk/open-mysql.ts";
import type { SwitchedEvent } from "../../sdk/switching/source-events.ts";
import { eventually } from "../eventually.ts";
import { serveHttp } from "../plugins/serve-http.ts";
import { OWN_NAME } from "../plugins/test-certificates.ts";
import { openRelay } from "./store-relay.ts";
import type { TwoSites } from "./two-sites.ts";
import { nextSwitch, useTwoSites } from "./use-two-sites.ts";

/*
 * Faults that were found in the SDKs that applications come from, each of which is to be none of ours. (i) and (j), about
 * double writes, stand in known-redis-faults.engine.test.ts.
 */
const PORT_BASE = 26_500;
const RELAY_PORT = 26_590;
const PLANNED = { decidedBy: "operator:a test" };
/** Nobody waits for so long: a call that is tried again after it would end the test. */
const ENDLESS_MS = 60_000;
const INSERT = "INSERT INTO orders (id, item) VALUES (?, ?)";

describe("faults of earlier SDKs", () => {
  let sites: TwoSites;
  const { it, keep } = useTwoSites("mysql", PORT_BASE, (started) => {
    sites = started;
  });

  const open = async (config: SdkConfigInput, options: MysqlOptions = {}): Promise<MysqlSource> => {
    return keep(await openMysql(config, { snapshotFile: false, ...options }));
  };
  const openAtHome = async (options: MysqlOptions = {}): Promise<MysqlSource> => {
    await sites.route({ active: "dc1", ...PLANNED });
    return open(sites.config, options);
  };
  const portOf = async ({ pool }: Pick<MysqlSource, "pool">): Promise<number> => {
    const [rows] = await pool.query<RowDataPacket[]>("SELECT @@port AS port");
    return Number(rows[0]?.port);
  };
  const switchTo = async (source: MysqlSource, active: string, more = {}): Promise<SwitchedEvent> => {
    const switched = nextSwitch(source);
    await sites.route({ active, ...more });
    return switched;
  };
  const retrying = (times: number, delayMs: number): SdkConfigInput => {
    const { etcd: _, router, ...local } = sites.config;
    return { ...local, router: { ...router, retry: { times, delayMs } } };
  };
  it("(a) a switch within a transaction sends none of its statements to the other side, the COMMIT included", async () => {
    const source = await openAtHome();
    const connection = await source.pool.getConnection();
    await connection.beginTransaction();
    const ids = [randomUUID(), randomUUID()] as const;
    await connection.execute(INSERT, [ids[0], "a"]);
    await switchTo(source, "dc2", PLANNED);
    expect(await portOf({ pool: connection as never })).toBe(sites.engine.dataCentres.dc1.port);
    await connection.execute(INSERT, [ids[1], "a"]);
    await connection.commit();
    connection.release();
    expect((await sites.engine.holdsOrders("dc1", ids)).size).toBe(2);
    expect(await portOf(source)).toBe(sites.engine.dataCentres.dc2.port);
  });

  it("(d) a call that was not sent is tried as often as configured", async () => {
    const { process } = sites.engine.dataCentres.dc1;
    await process.kill();
    const impatient = await open(retrying(0, 1));
    await expect(portOf(impatient)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const patient = await open(retrying(100, 500));
    const answer = portOf(patient);
    await process.revive();
    expect(await answer).toBe(sites.engine.dataCentres.dc1.port);
  });

  it("(e) what stands in quotes of any kind reaches the server as it was written", async () => {
    const { pool } = await openAtHome();
    const text = `"double", 'single', \`back\`, \\ and ?`;
    const [rows] = await pool.query<RowDataPacket[]>("SELECT ? AS given, '\"x\"' AS written", [text]);
    expect(rows[0]).toEqual({ given: text, written: '"x"' });
  });

  it("(f) a route that is written while the process is cut off from the store is followed once it is back", async () => {
    const { etcd } = sites.config;
    if (etcd === undefined) throw new Error("the configuration has no etcd");
    const to = Number(/:(\d+)/.exec(etcd.address)?.[1]);
    const relay = await openRelay(RELAY_PORT, to);
    await sites.route({ active: "dc1", ...PLANNED });
    const source = await open({ ...sites.config, etcd: { ...etcd, address: `127.0.0.1:${RELAY_PORT}` } });
    const stale = new Promise((resolve) => source.on("stale", resolve));
    await relay.cut();
    await stale;
    await sites.route({ active: "dc2", ...PLANNED });
    await sites.route({ active: "dc1", ...PLANNED });
    const last = await sites.route({ active: "dc2", ...PLANNED });
    await relay.mend();
    await eventually(() => expect(source.route()?.epoch).toBe(last.route.epoch), { timeout: 60_000 });
    expect(await portOf(source)).toBe(sites.engine.dataCentres.dc2.port);
    await source.close();
    await relay.cut();
  });

  it("(g) a store whose certificate nobody vouches for is told nothing, not even without a configured authority", async () => {
    const server = await serveHttp((_request, response) => response.end("{}"), OWN_NAME);
    const etcd = { address: server.address, username: "sdk", password: "secret", httpsEnable: true };
    const source = await open({ ...sites.config, etcd }, { startHoldMs: 1000 });
    await eventually(() => expect(server.sockets.length).toBeGreaterThan(0));
    await expect(portOf(source)).rejects.toMatchObject({ code: "EVENKEEL_NO_ROUTE" });
    expect(server.requests).toEqual([]);
  });

  it("(h) a planned switch waits for what is under way, as long as it may", async () => {
    const source = await openAtHome({ drainMs: ENDLESS_MS });
    const holder = await source.pool.getConnection();
    await holder.query("SELECT GET_LOCK('a test', 60)");
    const slow = source.pool.query<RowDataPacket[]>("SELECT GET_LOCK('a test', 60), @@port AS port");
    await eventually(async () => {
      const waiting = "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE state = 'User lock'";
      const [rows] = await holder.query<RowDataPacket[]>(waiting);
      expect(Number(rows[0]?.n)).toBe(1);
    });
    expect(await switchTo(source, "dc2", PLANNED)).toMatchObject({ leaving: "drain", busy: 2 });
    expect(await portOf(source)).toBe(sites.engine.dataCentres.dc2.port);
    await holder.query("SELECT RELEASE_LOCK('a test')");
    holder.release();
    const [rows] = await slow;
    expect(rows[0]?.port).toBe(sites.engine.dataCentres.dc1.port);
  });

  it("(k) a wrong password and a missing right are answered at once, not tried again", async () => {
    const config = retrying(100, ENDLESS_MS);
    const { dc1, dc2 } = config.sources;
    const wrong = await open({ ...config, sources: { dc1: { ...dc1, password: "wrong" }, dc2: { ...dc2 } } });
    await expect(portOf(wrong)).rejects.toMatchObject({ errno: 1045 });
    const right = await open(config);
    await expect(right.pool.query("SELECT * FROM mysql.user")).rejects.toMatchObject({ errno: 1142 });
  });
});
