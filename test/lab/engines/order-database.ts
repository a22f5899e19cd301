import { readFileSync } from "node:fs";
import { join } from "node:path";
import type {
  DataCentre,
  EngineDataCentre,
  EngineHandle,
  EngineRequest,
  EngineResult,
} from "@evenkeel/lab/engines/engine-handle";
import type { ProgramName } from "@evenkeel/lab/setup/programs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type EngineLab, openEngineLab, requireHandle, whyMissing } from "./engine-lab.ts";

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
    let lab: EngineLab;
    let handle: EngineHandle;
    const start = async (): Promise<EngineHandle> => {
      handle = requireHandle(await database.start(await lab.request(database.program)));
      return handle;
    };
    const expectHeld = async (dataCentre: DataCentre, ids: readonly string[]): Promise<void> => {
      await vi.waitFor(async () => {
        expect(await handle.countOrders(dataCentre, ids)).toBe(ids.length);
      }, REPLICATED);
    };

    beforeAll(async () => {
      lab = await openEngineLab();
      await start();
    });
    afterAll(async () => await lab.remove());

    test("starts from nothing with an empty shop in both data centres", async () => {
      expect(handle.version).toMatch(/^\d+\.\d+/);
      for (const dataCentre of ["dc1", "dc2"] as const) {
        expect(handle.dataCentres[dataCentre].process.state().kind).toBe("running");
        expect(await handle.countOrders(dataCentre, makeIds(3))).toBe(0);
      }
    });

    test("orders are found by id, and others are not", async () => {
      const [placed, absent] = [makeIds(2), makeIds(2)];
      await database.place(handle.dataCentres.dc1, placed);
      expect(await handle.holdsOrders("dc1", [...placed, ...absent])).toEqual(new Set(placed));
    });

    test("what dc2 is given stays in dc2", async () => {
      const ids = makeIds(2);
      await database.place(handle.dataCentres.dc2, ids);
      expect(await handle.countOrders("dc2", ids)).toBe(2);
      expect(await handle.countOrders("dc1", ids)).toBe(0);
    });

    if (database.replicates) {
      test("what dc1 is given appears in dc2", async () => {
        const ids = makeIds(5);
        await database.place(handle.dataCentres.dc1, ids);
        await expectHeld("dc2", ids);
      });

      test("an order that both hold already does not end the replication", async () => {
        const both = makeIds(3);
        await database.place(handle.dataCentres.dc2, both);
        await database.place(handle.dataCentres.dc1, both);
        const later = makeIds(1);
        await database.place(handle.dataCentres.dc1, later);
        await expectHeld("dc2", [...both, ...later]);
      });
    }

    test("acknowledged orders outlive kill -9 of either server, and replication goes on", async () => {
      const before = makeIds(2);
      for (const dataCentre of ["dc1", "dc2"] as const) {
        const mine = makeIds(2);
        await database.place(handle.dataCentres[dataCentre], mine);
        await handle.dataCentres[dataCentre].process.kill();
        await expect(handle.countOrders(dataCentre, mine)).rejects.toThrow();
        expect(await handle.dataCentres[dataCentre].process.revive()).toEqual({ ok: true });
        expect(await handle.countOrders(dataCentre, mine)).toBe(2);
      }
      await database.place(handle.dataCentres.dc1, before);
      if (database.replicates) await expectHeld("dc2", before);
    });

    test("a stopped server answers nothing and goes on where it was", async () => {
      const ids = makeIds(1);
      await database.place(handle.dataCentres.dc1, ids);
      handle.dataCentres.dc1.process.stop();
      await expect(handle.countOrders("dc1", ids)).rejects.toThrow();
      handle.dataCentres.dc1.process.cont();
      expect(await handle.countOrders("dc1", ids)).toBe(1);
    });

    test("the probe gets in and reads no order; nobody gets in without a password", async () => {
      await database.pingAsProbe(handle.dataCentres.dc1);
      await expect(database.readAsProbe(handle.dataCentres.dc1)).rejects.toThrow();
      await expect(database.connectWithout(handle.dataCentres.dc1)).rejects.toThrow();
    });

    test("no password stands in a command line or in a log", async () => {
      const passwords = Object.values(handle.dataCentres.dc1.users).map(({ password }) => password);
      const secrets = JSON.parse(readFileSync(join(lab.stateDir, "secrets.json"), "utf8"));
      const known: string[] = [...passwords, ...Object.values<string>(secrets.passwords)];
      for (const managed of lab.supervisor.processes()) {
        const state = managed.state();
        const pid = "pid" in state ? state.pid : 0;
        const shown = [
          readFileSync(`/proc/${pid}/cmdline`, "utf8"),
          readFileSync(managed.logFile, "utf8"),
        ].join("\n");
        expect(known.filter((password) => shown.includes(password))).toEqual([]);
      }
    });

    test("a second start uses the same data and the same passwords, and replication goes on", async () => {
      const { users } = handle.dataCentres.dc1;
      const before = makeIds(2);
      await database.place(handle.dataCentres.dc1, before);
      await lab.restart();
      await start();
      expect(handle.dataCentres.dc1.users).toEqual(users);
      const after = makeIds(2);
      await database.place(handle.dataCentres.dc1, after);
      expect(await handle.countOrders("dc1", [...before, ...after])).toBe(4);
      if (database.replicates) await expectHeld("dc2", [...before, ...after]);
    });
  });
}
