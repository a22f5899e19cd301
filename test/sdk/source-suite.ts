import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { LabEngine } from "@evenkeel/lab/engines/lab-engines";
import { describe, expect } from "vitest";
import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import type { SourceOptions } from "../../sdk/switching/source-options.ts";
import { until } from "../route-store/etcd-cluster.ts";
import { switchUnderLoad } from "./planned-switch.ts";
import type { TwoSites } from "./two-sites.ts";
import { nextSwitch, useTwoSites } from "./use-two-sites.ts";

/** What the suite needs of a driver. */
export interface Driver {
  readonly source: RoutedSource;
  /** Asks the active side who it is. @returns such as `dc1` */
  where(): Promise<string>;
  write(id: string): Promise<void>;
  /** Begins a transaction, or what the engine has instead; null if a transaction is sent as a whole. */
  begin: (() => Promise<OpenTransaction>) | null;
}

/** A transaction that is open. */
export interface OpenTransaction {
  write(id: string): Promise<void>;
  commit(): Promise<void>;
  release(): void;
}

/** A driver under test. */
export interface SuiteRequest {
  readonly engine: LabEngine;
  readonly portBase: number;
  /** Prepares both sides so that `where` can tell them apart. */
  prepare?(sites: TwoSites): Promise<void>;
  open(sites: TwoSites, config: SdkConfigInput, options: SourceOptions): Promise<Driver>;
}

const OPEN = { readable: true, writable: true };
const IN_FLIGHT = 8;
/** A server that has not answered for so long does hang. */
const HUNG_MS = 250;

/** A server still answers for a moment after its stop was ordered. @returns once a call hangs: that call, or its error's code */
async function untilHung(driver: Driver): Promise<{ readonly hanging: Promise<string> }> {
  for (;;) {
    const call = driver.where().catch((error: { code: string }) => error.code);
    const hangs = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), HUNG_MS));
    if (await Promise.race([call.then(() => false), hangs])) return { hanging: call };
  }
}

/**
 * The rules that each data source keeps, proven with real servers that are stopped and killed.
 *
 * @param request the driver
 */
export function describeSource(request: SuiteRequest): void {
  describe(`a ${request.engine} data source`, () => {
    let sites: TwoSites;
    const newId = (): string => `test-${randomUUID()}`;
    const { it, keep } = useTwoSites(request.engine, request.portBase, async (started) => {
      sites = started;
      await request.prepare?.(sites);
    });

    const open = async (options: SourceOptions = {}, config?: SdkConfigInput): Promise<Driver> => {
      const driver = await request.open(sites, config ?? sites.config, { snapshotFile: false, ...options });
      keep(driver.source);
      return driver;
    };
    const openAt = async (dataCentre: string, options: SourceOptions = {}): Promise<Driver> => {
      await sites.route({ active: dataCentre });
      const driver = await open(options);
      expect(await driver.where()).toBe(dataCentre);
      return driver;
    };
    it("calls in flight on a hung server are rejected with the route, and the next one succeeds on the other side", async () => {
      const driver = await openAt("dc1");
      await Promise.all(Array.from({ length: IN_FLIGHT }, () => driver.where()));
      sites.engine.dataCentres.dc1.process.stop();
      await untilHung(driver);
      const calls = Array.from({ length: IN_FLIGHT }, () =>
        driver.where().then(
          (answer) => ({ answer, atMs: performance.now(), code: "" }),
          (error: { code: string; retryable: boolean }) => ({
            answer: "",
            atMs: performance.now(),
            code: `${error.code} ${error.retryable}`,
          }),
        ),
      );
      const switched = nextSwitch(driver.source);
      const { acknowledgedMs } = await sites.route({ active: "dc2" });
      const outcomes = await Promise.all(calls);
      const event = await switched;
      const firstSuccess = await driver.where();
      const servedMs = performance.now() - event.monotonicMs;
      const rejected = outcomes.filter((outcome) => outcome.code !== "");
      const latestMs = Math.max(...rejected.map((outcome) => outcome.atMs - event.monotonicMs));
      console.log(
        `${request.engine}: ${rejected.length} of ${IN_FLIGHT} calls in flight rejected within ${latestMs.toFixed(2)} ms of the swap; ` +
          `route acknowledged → swapped ${(event.monotonicMs - acknowledgedMs).toFixed(2)} ms; next success after ${servedMs.toFixed(2)} ms`,
      );
      expect(firstSuccess).toBe("dc2");
      expect(rejected.length).toBeGreaterThan(0);
      for (const outcome of rejected) expect(outcome.code).toBe("EVENKEEL_SWITCHED true");
      for (const outcome of outcomes) if (outcome.code === "") expect(outcome.answer).toBe("dc2");
    });

    it("the home is killed: errors until the route changes, then the other side, and the process lives on", async () => {
      const driver = await openAt("dc1");
      await sites.engine.dataCentres.dc1.process.kill();
      await until("calls fail", async () => {
        const failed = await driver.where().then(
          () => false,
          () => true,
        );
        return failed;
      });
      const switched = nextSwitch(driver.source);
      await sites.route({ active: "dc2" });
      await switched;
      expect(await driver.where()).toBe("dc2");
    });

    it("a source that starts while the home is dead and the other side active serves at once", async () => {
      await sites.route({ active: "dc2" });
      await sites.engine.dataCentres.dc1.process.kill();
      const driver = await open();
      expect(await driver.where()).toBe("dc2");
    });

    it("no route store, but a snapshot: the last known side serves, and the source says that it is unconfirmed", async () => {
      const snapshotFile = `${sites.directory}/snapshot-${newId()}.json`;
      await sites.route({ active: "dc2" });
      const first = await open({ snapshotFile });
      expect(await first.where()).toBe("dc2");
      await until("the snapshot stands", () => existsSync(snapshotFile));
      await first.source.close();
      const { etcd } = sites.config;
      if (etcd === undefined) throw new Error("the configuration has no etcd");
      const unreachable = { ...sites.config, etcd: { ...etcd, address: "127.0.0.1:1" } };
      const driver = await open({ snapshotFile, startHoldMs: 100 }, unreachable);
      const unconfirmed = new Promise((resolve) => driver.source.on("unconfirmed", resolve));
      expect(await driver.where()).toBe("dc2");
      expect(await unconfirmed).toMatchObject({ route: { active: "dc2" } });
    });

    it("neither a route store nor a snapshot: calls are refused by the SDK, never sent to the home", async () => {
      const { etcd } = sites.config;
      if (etcd === undefined) throw new Error("the configuration has no etcd");
      const unreachable = { ...sites.config, etcd: { ...etcd, address: "127.0.0.1:1" } };
      const driver = await open({ startHoldMs: 50 }, unreachable);
      await expect(driver.where()).rejects.toMatchObject({ code: "EVENKEEL_NO_ROUTE", retryable: true });
    });

    it("without `etcd` in the configuration the source works locally", async () => {
      const { etcd: _, ...local } = sites.config;
      const driver = await open({}, { ...local, router: { ...local.router, active: "dc2" } });
      expect(await driver.where()).toBe("dc2");
    });

    it("an active side that is not writable still reads and refuses writes with their own error", async () => {
      const driver = await openAt("dc1");
      const switched = nextSwitch(driver.source);
      const open1 = { readable: true, writable: true };
      await sites.route({ dataCentres: { dc1: { readable: true, writable: false }, dc2: open1 } });
      await switched;
      expect(await driver.where()).toBe("dc1");
      await expect(driver.write(newId())).rejects.toMatchObject({ code: "EVENKEEL_NOT_WRITABLE" });
      const again = nextSwitch(driver.source);
      await sites.route({ dataCentres: { dc1: open1, dc2: open1 } });
      await again;
      await driver.write(newId());
    });

    const openHolding = async (holdMs: number): Promise<Driver> => {
      await sites.route({ active: "dc1", dataCentres: { dc1: OPEN, dc2: OPEN } });
      return open({}, { ...sites.config, router: { ...sites.config.router, holdMs } });
    };

    it("[holdMs] a planned switch that closes the old side first fails no call and loses no write", async () => {
      const driver = await openHolding(60_000);
      let lastAcknowledged = -1;
      const { failures, acknowledged } = await switchUnderLoad(
        sites,
        driver.source,
        driver.write,
        (outcome, underWay) => {
          // All callers wait, and nothing has come back since the last look.
          const isStill = underWay > 0 && outcome.acknowledged.length === lastAcknowledged;
          lastAcknowledged = outcome.acknowledged.length;
          return isStill;
        },
      );
      expect(failures).toEqual([]);
      const before = await sites.engine.holdsOrders("dc1", acknowledged);
      // The second site may follow the first one, so that it holds what was written there too.
      const after = await sites.engine.holdsOrders("dc2", acknowledged);
      console.log(
        `${request.engine}: ${acknowledged.length} writes, ${before.size} of them before a planned switch, 0 failed`,
      );
      expect(acknowledged.filter((id) => !before.has(id) && !after.has(id))).toEqual([]);
      expect(before.size).toBeLessThan(acknowledged.length);
    });

    it("[holdMs] without it such a switch refuses writes at once with the typed, retryable error", async () => {
      const driver = await openHolding(0);
      const { failures } = await switchUnderLoad(
        sites,
        driver.source,
        driver.write,
        (outcome) => outcome.failures.length > 0,
      );
      for (const failure of failures)
        expect(failure).toMatchObject({ code: "EVENKEEL_NOT_WRITABLE", retryable: true });
    });

    it("a planned switch lets an open transaction finish where it began, and sends new calls to the other side", async () => {
      const driver = await openAt("dc1", { drainMs: 10_000 });
      const transaction = await driver.begin?.();
      if (transaction === undefined) return;
      const ids = [newId(), newId()] as const;
      await transaction.write(ids[0]);
      const switched = nextSwitch(driver.source);
      await sites.route({ active: "dc2", decidedBy: "operator:a test" });
      expect(await switched).toMatchObject({ leaving: "drain", busy: 1 });
      expect(await driver.where()).toBe("dc2");
      await transaction.write(ids[1]);
      await transaction.commit();
      transaction.release();
      expect([...(await sites.engine.holdsOrders("dc1", ids))].sort()).toEqual([...ids].sort());
    });

    it("a transaction that outlives the drain time is cut with the switch as the reason, and stays cut", async () => {
      const driver = await openAt("dc1", { drainMs: 50 });
      const transaction = await driver.begin?.();
      if (transaction === undefined) return;
      const id = newId();
      await transaction.write(id);
      const switched = nextSwitch(driver.source);
      await sites.route({ active: "dc2", decidedBy: "operator:a test" });
      await switched;
      const refused = { code: "EVENKEEL_SWITCHED", retryable: true };
      await until("the transaction is cut", async () => {
        const outcome = await transaction.write(newId()).then(
          () => null,
          (error: { code: string }) => error,
        );
        if (outcome !== null) expect(outcome).toMatchObject(refused);
        return outcome !== null;
      });
      await expect(transaction.commit()).rejects.toMatchObject(refused);
      transaction.release();
      expect((await sites.engine.holdsOrders("dc1", [id])).size).toBe(0);
      expect(await driver.where()).toBe("dc2");
    });

    it("an automatic switch rejects an open transaction at once, and no statement of it reaches the other side", async () => {
      const driver = await openAt("dc1");
      const transaction = await driver.begin?.();
      if (transaction === undefined) return;
      const ids = [newId(), newId()] as const;
      await transaction.write(ids[0]);
      const switched = nextSwitch(driver.source);
      await sites.route({ active: "dc2" });
      await switched;
      await expect(transaction.write(ids[1])).rejects.toMatchObject({ code: "EVENKEEL_SWITCHED" });
      transaction.release();
      for (const site of ["dc1", "dc2"] as const) {
        expect((await sites.engine.holdsOrders(site, ids)).size).toBe(0);
      }
    });

    it("switching to and fro a hundred times neither loses a call nor leaves connections behind", async () => {
      const driver = await openAt("dc1");
      let running = true;
      const failures: string[] = [];
      let calls = 0;
      const caller = async (): Promise<void> => {
        while (running) {
          calls += 1;
          await driver.where().catch((error: { code?: string; message: string }) => {
            failures.push(error.code ?? error.message);
          });
        }
      };
      const callers = [caller(), caller(), caller()];
      for (let turn = 0; turn < 100; turn += 1) {
        await sites.route({ active: turn % 2 === 0 ? "dc2" : "dc1", decidedBy: "operator:a test" });
      }
      running = false;
      await Promise.all(callers);
      console.log(`${request.engine}: ${calls} calls over 100 planned switches, ${failures.length} failed`);
      expect(failures).toEqual([]);
    });

    it("after close nothing is left: no socket, no timer", async () => {
      const count = (): number =>
        process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap" || name === "TLSWrap")
          .length;
      const before = count();
      const driver = await openAt("dc1");
      await Promise.all(Array.from({ length: IN_FLIGHT }, () => driver.where()));
      sites.engine.dataCentres.dc1.process.stop();
      const { hanging } = await untilHung(driver);
      await driver.source.close();
      expect(await hanging).toBe("EVENKEEL_CLOSED");
      await until("all sockets are gone", () => count() <= before);
      await expect(driver.where()).rejects.toMatchObject({ code: "EVENKEEL_CLOSED" });
    });
  });
}
