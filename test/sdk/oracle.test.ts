import type { Route } from "@evenkeel/contracts/route";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { openOracle } from "../../sdk/open-oracle.ts";
import type { OracleConnection } from "../../sdk/oracle/oracle-driver.ts";
import { createOracleSide, type OracleSide } from "../../sdk/oracle/oracle-side.ts";
import { createRoutedOracle, type RoutedOracle } from "../../sdk/oracle/routed-oracle.ts";
import { createSwitchboard, type Switchboard } from "../../sdk/switching/switchboard.ts";
import { eventually } from "../eventually.ts";
import { accept, refuse, serveListener } from "../plugins/fake-listener.ts";
import { createFakeOracle, createFakeServer, type FakeServer } from "./fake-oracle.ts";
import { makeRoute } from "./make-route.ts";

const WHERE = "SELECT name FROM site";
const INSERT = "INSERT INTO orders (id) VALUES (:1)";
const PLANNED = { decidedBy: "operator:ann" };
const CLOSED = { dc1: { readable: true, writable: false }, dc2: { readable: true, writable: true } };
const SWITCHED = { code: "EVENKEEL_SWITCHED", retryable: true };
const PATIENT_MS = 10_000;

let dc1: FakeServer;
let dc2: FakeServer;
let board: Switchboard<OracleSide>;
let pool: RoutedOracle;
let epoch: number;

beforeEach(() => {
  dc1 = createFakeServer("dc1");
  dc2 = createFakeServer("dc2");
  epoch = 0;
});

function open({ maxConnections = 3, drainMs = 60_000, times = 0, connectTimeoutMs = PATIENT_MS } = {}): void {
  const driver = createFakeOracle({ one: dc1, two: dc2 });
  const sides = new Map<string, OracleSide>();
  board = createSwitchboard<OracleSide>({
    drainMs,
    sideOf({ dataCentre, writable }) {
      const key = `${dataCentre} ${writable}`;
      const source = { host: dataCentre === "dc1" ? "one" : "two", port: 1521, database: "shop" };
      const request = {
        ...{ dataCentre, source, readOnly: !writable, isReader: false, connectTimeoutMs },
        ...{ onBroken: () => undefined, onReadOnly: () => void board.reread() },
      };
      const side = sides.get(key) ?? createOracleSide(request, driver, { maxConnections });
      sides.set(key, side);
      return side;
    },
  });
  const end = async (): Promise<void> => {
    board.close();
    for (const side of sides.values()) side.close();
  };
  pool = createRoutedOracle({ board, readers: null, retry: { times, delayMs: 1 }, end });
  onTestFinished(end);
  follow("dc1");
}

function follow(active: string, more: Partial<Route> = {}): void {
  epoch += 1;
  board.follow(makeRoute(epoch, `d${epoch}`, { active, ...more }));
}

const where = async (from: Pick<OracleConnection, "execute"> = pool): Promise<unknown> =>
  (await from.execute(WHERE)).rows?.flat()[0];

/** Waits until a statement has arrived that will never be answered. */
async function untilAsked(server: FakeServer, count: number): Promise<void> {
  await eventually(() => expect(server.statements.length).toBeGreaterThanOrEqual(count));
}

describe("switching, with a driver that is none", () => {
  test("a statement of the pool is committed, and a connection stays as it is until it is committed", async () => {
    open();
    await pool.execute(INSERT, ["one"]);
    const connection = await pool.getConnection();
    await connection.execute(INSERT, ["two"]);
    expect(dc1.committed).toEqual(["one"]);
    await connection.commit();
    expect(dc1.committed).toEqual(["one", "two"]);
    await connection.close();
  });

  test("a planned switch lets a transaction finish where it began, and sends new calls to the other side", async () => {
    open();
    const connection = await pool.getConnection();
    await connection.execute(INSERT, ["one"]);
    follow("dc2", PLANNED);
    expect(await where()).toBe("dc2");
    expect(await where(connection)).toBe("dc1");
    await connection.commit();
    await connection.close();
    expect(dc1.committed).toEqual(["one"]);
    expect(dc2.committed).toEqual([]);
  });

  test("what outlives the drain time is cut, with the switch as the reason, and stays cut", async () => {
    open({ drainMs: 5 });
    const connection = await pool.getConnection();
    await connection.execute(INSERT, ["one"]);
    follow("dc2", PLANNED);
    await eventually(() => expect(dc1.open).toBe(0));
    await expect(connection.commit()).rejects.toMatchObject(SWITCHED);
    await expect(where(connection)).rejects.toMatchObject(SWITCHED);
    await connection.close();
    expect([...dc1.committed, ...dc2.committed]).toEqual([]);
  });

  test("calls in flight on a hung server are rejected with the route, and the next one succeeds on the other side", async () => {
    open();
    const connection = await pool.getConnection();
    await connection.execute(INSERT, ["one"]);
    const standing = await pool.getConnection();
    await standing.close();
    dc1.isHung = true;
    const calls = [where(), where(connection)];
    const rejected = Promise.all(calls.map((call) => expect(call).rejects.toMatchObject(SWITCHED)));
    await untilAsked(dc1, 3);
    follow("dc2");
    await rejected;
    expect(await where()).toBe("dc2");
    await eventually(() => expect(dc1.open).toBe(0));
    expect(dc2.committed).toEqual([]);
  });

  test("a call that waits for a connection, or whose server is away, goes on at the new side", async () => {
    open({ maxConnections: 1, times: 50 });
    const connection = await pool.getConnection();
    const waiting = where();
    follow("dc2", PLANNED);
    expect(await waiting).toBe("dc2");
    await connection.close();
    dc2.refusal = "ORA-12514";
    follow("dc1", PLANNED);
    dc1.refusal = "ORA-01033";
    follow("dc2");
    const away = where();
    dc1.refusal = null;
    follow("dc1");
    expect(await away).toBe("dc1");
  });

  test("a full pool lets nobody wait for ever", async () => {
    open({ maxConnections: 1, connectTimeoutMs: 20 });
    const connection = await pool.getConnection();
    await expect(where()).rejects.toMatchObject({ code: "ETIMEDOUT" });
    await connection.close();
    expect(await where()).toBe("dc1");
    expect(dc1.open).toBe(1);
  });

  test("a connection that comes back open is rolled back, and who keeps it cannot reach it any more", async () => {
    open({ maxConnections: 1 });
    const kept = await pool.getConnection();
    await kept.execute(INSERT, ["left behind"]);
    await kept.close();
    const next = await pool.getConnection();
    await next.commit();
    await expect(kept.execute(INSERT, ["from outside"])).rejects.toMatchObject({ code: "NJS-003" });
    await next.close();
    expect(dc1.committed).toEqual([]);
    expect(dc1.open).toBe(1);
  });

  test("after close nothing is left, and what was under way says why", async () => {
    open();
    dc1.isHung = false;
    const connection = await pool.getConnection();
    dc1.isHung = true;
    const hanging = expect(where(connection)).rejects.toMatchObject({ code: "EVENKEEL_CLOSED" });
    await untilAsked(dc1, 1);
    await pool.close();
    await hanging;
    await expect(where()).rejects.toMatchObject({ code: "EVENKEEL_CLOSED" });
    await eventually(() => expect(dc1.open).toBe(0));
  });
});

describe("a side that is not writable", () => {
  test("reads, and refuses what writes before it is sent, or in a transaction that only reads", async () => {
    open();
    follow("dc1", { dataCentres: CLOSED, ...PLANNED });
    expect(await where()).toBe("dc1");
    const refused = { code: "EVENKEEL_NOT_WRITABLE" };
    const sent = dc1.statements.length;
    for (const sql of [INSERT, "BEGIN book(:1); END;", "CREATE TABLE t (a NUMBER)", `${WHERE} FOR UPDATE`])
      await expect(pool.execute(sql, ["no"])).rejects.toMatchObject(refused);
    expect(dc1.statements.slice(sent).filter((sql) => sql !== "SET TRANSACTION READ ONLY")).toEqual([]);
    await expect(pool.execute("SELECT writes_in_secret() FROM dual", ["no"])).rejects.toMatchObject(refused);
    const connection = await pool.getConnection();
    await connection.commit();
    await expect(connection.execute("SELECT writes_in_secret() FROM dual", ["no"])).rejects.toMatchObject(
      refused,
    );
    await connection.close();
    expect(dc1.committed).toEqual([]);
  });
});

describe("a database that is open for reading only (ORA-16000)", () => {
  test("makes the route be read again, and a whole statement is done where that points to", async () => {
    open({ times: 1 });
    dc1.writeRefusal = "ORA-16000";
    board.reread = vi.fn(async () => {
      if (board.active?.dataCentre === "dc1") follow("dc2", PLANNED);
    });
    const connection = await pool.getConnection();
    await pool.execute(INSERT, ["moved"]);
    expect(dc2.committed).toEqual(["moved"]);
    await expect(connection.execute(INSERT, ["here"])).rejects.toMatchObject({ code: "ORA-16000" });
    expect(board.reread).toHaveBeenCalled();
    await connection.close();
  });

  test("is asked as often as configured, and what it says in the end is told", async () => {
    open({ times: 2 });
    dc1.writeRefusal = "ORA-16000";
    await expect(pool.execute(INSERT, ["no"])).rejects.toMatchObject({ code: "ORA-16000" });
    expect(dc1.statements.filter((sql) => sql === INSERT)).toHaveLength(3);
  });

  test("never makes a block be sent again, because it may have committed a part of itself", async () => {
    open({ times: 1 });
    dc1.writeRefusal = "ORA-16000";
    board.reread = async () => {
      if (board.active?.dataCentre === "dc1") follow("dc2", PLANNED);
    };
    await expect(pool.execute("BEGIN book(:1); END;", ["half"])).rejects.toMatchObject({ code: "ORA-16000" });
    expect(dc2.committed).toEqual([]);
  });
});

describe("the real driver, with a listener behind which there is no database", () => {
  const openAt = async (port: number, times: number, connectTimeoutMs = PATIENT_MS) => {
    const source = await openOracle(
      {
        props: { version: "v1", instanceId: "inst", appId: "shop", monitorId: "db" },
        sources: { dc1: { host: "127.0.0.1", port, database: "shop", username: "app", password: "pw" } },
        router: { active: "dc1", algorithm: "single-read-write", retry: { times, delayMs: 1 } },
      },
      { connectTimeoutMs },
    );
    onTestFinished(() => source.close());
    return source;
  };

  test("is asked for the service, and what the listener refuses is tried again", async () => {
    const listener = await serveListener(refuse(12_514));
    const source = await openAt(listener.port, 2);
    await expect(source.pool.execute(WHERE)).rejects.toMatchObject({ code: "NJS-518" });
    expect(listener.descriptors[0]).toContain("(SERVICE_NAME=shop)");
    expect(listener.descriptors.length).toBeGreaterThanOrEqual(3);
  });

  test("does not keep its callers when a server lets them in and is silent then", async () => {
    const listener = await serveListener((stream) => accept(stream));
    const source = await openAt(listener.port, 0, 1000);
    await expect(source.pool.getConnection()).rejects.toMatchObject({ code: expect.any(String) });
  });
});
