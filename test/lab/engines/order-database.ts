import type {
  DataCentre,
  EngineDataCentre,
  EngineHandle,
  EngineRequest,
  EngineResult,
} from "@evenkeel/lab/engines/engine-handle";
import type { ProgramName } from "@evenkeel/lab/setup/programs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../eventually.ts";
import {
  type EngineLab,
  findShownPasswords,
  openEngineLab,
  requireHandle,
  whyMissing,
} from "./engine-lab.ts";

/** One engine under the suite. */
export interface OrderDatabase {
  readonly program: ProgramName;
  /** True when what dc1 is given appears in dc2. */
  readonly replicates: boolean;
  start(request: EngineRequest): Promise<EngineResult>;
  /** Writes orders as the shop would. */
  place(server: EngineDataCentre, ids: readonly string[]): Promise<void>;
  /** Logs in as the probe and asks whether the server is well. */
  pingAsProbe(server: EngineDataCentre): Promise<unknown>;
  /** Logs in as the probe and reads an order, which is to fail. */
  readAsProbe(server: EngineDataCentre): Promise<unknown>;
  /** Logs in as the shop with an empty password, which is to fail. */
  connectWithout(server: EngineDataCentre): Promise<unknown>;
}

const REPLICATED = { timeout: 20_000, interval: 20 };
let lastId = 0;

/** Fresh ids that look like ULIDs. */
export function makeIds(count: number): string[] {
  lastId += count;
  return Array.from({ length: count }, (_, at) => `01J${String(lastId - at).padStart(23, "0")}`);
}

/** One engine in its lab. */
interface EngineUnderTest {
  readonly database: OrderDatabase;
  readonly lab: () => EngineLab;
  readonly handle: () => EngineHandle;
  open(): Promise<void>;
  start(): Promise<void>;
  place(dataCentre: DataCentre, ids: readonly string[]): Promise<void>;
  expectHeld(dataCentre: DataCentre, ids: readonly string[]): Promise<void>;
}

/** The lab is opened before the first test, and a restart replaces the handle: both are asked for when needed. */
function prepareEngine(database: OrderDatabase): EngineUnderTest {
  let lab: EngineLab;
  let handle: EngineHandle;
  const start = async (): Promise<void> => {
    handle = requireHandle(await database.start(await lab.request(database.program)));
  };
  return {
    database,
    start,
    lab: () => lab,
    handle: () => handle,
    open: async () => {
      lab = await openEngineLab();
      await start();
    },
    place: async (dataCentre, ids) => await database.place(handle.dataCentres[dataCentre], ids),
    expectHeld: async (dataCentre, ids) =>
      await eventually(async () => {
        expect(await handle.countOrders(dataCentre, ids)).toBe(ids.length);
      }, REPLICATED),
  };
}

function testOrders(engine: EngineUnderTest): void {
  test("starts from nothing with an empty shop in both data centres", async () => {
    expect(engine.handle().version).toMatch(/^\d+\.\d+/);
    for (const dataCentre of ["dc1", "dc2"] as const) {
      expect(engine.handle().dataCentres[dataCentre].process.state().kind).toBe("running");
      expect(await engine.handle().countOrders(dataCentre, makeIds(3))).toBe(0);
    }
  });

  test("orders are found by id, and others are not", async () => {
    const [placed, absent] = [makeIds(2), makeIds(2)];
    await engine.place("dc1", placed);
    expect(await engine.handle().holdsOrders("dc1", [...placed, ...absent])).toEqual(new Set(placed));
  });

  test("what dc2 is given stays in dc2", async () => {
    const ids = makeIds(2);
    await engine.place("dc2", ids);
    expect(await engine.handle().countOrders("dc2", ids)).toBe(2);
    expect(await engine.handle().countOrders("dc1", ids)).toBe(0);
  });
}

function testReplication(engine: EngineUnderTest): void {
  test("what dc1 is given appears in dc2", async () => {
    const ids = makeIds(5);
    await engine.place("dc1", ids);
    await engine.expectHeld("dc2", ids);
  });

  test("an order that both hold already does not end the replication", async () => {
    const both = makeIds(3);
    await engine.place("dc2", both);
    await engine.place("dc1", both);
    const later = makeIds(1);
    await engine.place("dc1", later);
    await engine.expectHeld("dc2", [...both, ...later]);
  });
}

function testFaults(engine: EngineUnderTest): void {
  test("acknowledged orders outlive kill -9 of either server, and replication goes on", async () => {
    for (const dataCentre of ["dc1", "dc2"] as const) {
      const { process: server } = engine.handle().dataCentres[dataCentre];
      const ids = makeIds(2);
      await engine.place(dataCentre, ids);
      await server.kill();
      await expect(engine.handle().countOrders(dataCentre, ids)).rejects.toThrow();
      expect(await server.revive()).toEqual({ ok: true });
      expect(await engine.handle().countOrders(dataCentre, ids)).toBe(2);
    }
    const after = makeIds(2);
    await engine.place("dc1", after);
    await engine.expectHeld(engine.database.replicates ? "dc2" : "dc1", after);
  });

  test("a stopped server answers nothing and goes on where it was", async () => {
    const { process: server } = engine.handle().dataCentres.dc1;
    const ids = makeIds(1);
    await engine.place("dc1", ids);
    server.stop();
    await expect(engine.handle().countOrders("dc1", ids)).rejects.toThrow();
    server.cont();
    expect(await engine.handle().countOrders("dc1", ids)).toBe(1);
  });
}

function testSecrets(engine: EngineUnderTest): void {
  test("the probe gets in and reads no order; nobody gets in without a password", async () => {
    const { dc1 } = engine.handle().dataCentres;
    await engine.database.pingAsProbe(dc1);
    await expect(engine.database.readAsProbe(dc1)).rejects.toThrow();
    await expect(engine.database.connectWithout(dc1)).rejects.toThrow();
  });

  test("no password stands in a command line or in a log", () => {
    expect(findShownPasswords(engine.lab())).toEqual([]);
  });
}

function testRestart(engine: EngineUnderTest): void {
  test("a second start uses the same data and the same passwords, and replication goes on", async () => {
    const { users } = engine.handle().dataCentres.dc1;
    const before = makeIds(2);
    await engine.place("dc1", before);
    await engine.lab().restart();
    await engine.start();
    expect(engine.handle().dataCentres.dc1.users).toEqual(users);
    const after = makeIds(2);
    await engine.place("dc1", after);
    await engine.expectHeld(engine.database.replicates ? "dc2" : "dc1", [...before, ...after]);
  });
}

/**
 * What every engine of the lab has to do: start from nothing, replicate where it can, keep acknowledged writes through
 * kill -9 and restarts, and let nobody in without a password.
 */
export async function describeOrderDatabase(name: string, database: OrderDatabase): Promise<void> {
  const missing = await whyMissing(database.program);
  if (missing !== undefined) {
    test(`${name} serves the lab`, ({ skip }) => skip(missing));
    return;
  }
  describe(name, () => {
    const engine = prepareEngine(database);
    beforeAll(async () => await engine.open());
    afterAll(async () => await engine.lab().remove());
    testOrders(engine);
    if (database.replicates) testReplication(engine);
    testFaults(engine);
    testSecrets(engine);
    testRestart(engine);
  });
}
