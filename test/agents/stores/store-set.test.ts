import type { RouteWrite } from "@evenkeel/contracts/agent-protocol";
import { ArbitrationSettings, type Plan, type PlannedStore } from "@evenkeel/contracts/plan";
import { BEAT_INTERVAL_MS, routeKey } from "@evenkeel/contracts/route";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SYSTEM_CLOCK } from "../../../agents/clock.ts";
import type { StoreSecret } from "../../../agents/stores/store-secret.ts";
import { createStoreSet, type StoreSet } from "../../../agents/stores/store-set.ts";
import { beginVirtualTime, endVirtualTime } from "../virtual-time.ts";
import { createMemoryStore, type MemoryStore } from "./memory-store.ts";
import { plannedMonitor } from "./planned-monitor.ts";

const INSTANCE = "ins_test01";
const MONITOR = plannedMonitor("mysql", { connectedDatabases: ["shop"] });
const ROUTE = routeKey(INSTANCE, MONITOR.applicationId, MONITOR.id);
const PATH = `db/services/${MONITOR.applicationId}/${MONITOR.id}/database/shop`;
const STATUS = `/mas-monitor/status/${PATH}/active`;
const ROUTER = `/mas-monitor/conf/${PATH}/router`;
const SECRET = { password: "secret", clientKeyPem: "key" };

let memories: Map<string, MemoryStore>;
let secrets: StoreSecret[];
let said: string[];
let set: StoreSet;

beforeEach(() => {
  beginVirtualTime();
  memories = new Map(["mirrored", "plain"].map((id) => [id, createMemoryStore()]));
  secrets = [];
  said = [];
  set = createStoreSet({
    ...{ instanceId: INSTANCE, site: "s1", clock: SYSTEM_CLOCK, confirmedBy: () => "edge" as const },
    unseal: async () => ({ ok: true, secret: SECRET }),
    openStore: (planned, secret) => {
      secrets.push(secret);
      return memoryOf(planned.id).store;
    },
    onChange: () => undefined,
    say: (line) => said.push(line),
  });
});
afterEach(() => {
  set.close();
  endVirtualTime();
});

function memoryOf(id: string): MemoryStore {
  const memory = memories.get(id);
  if (memory === undefined) throw new Error(`there is no store ${id}`);
  return memory;
}
const read = (key: string) => [...memories.values()].map((memory) => memory.read(key));
const turn = () => vi.advanceTimersByTimeAsync(0);

function planOf(stores: readonly Partial<PlannedStore>[], monitor = MONITOR): Plan {
  const base = { endpoints: ["127.0.0.1:1"], sites: [], user: null, sealed: null, caPem: null };
  return {
    ...{ version: 1, instanceId: INSTANCE, instanceName: "test", sites: [], monitors: [monitor] },
    settings: ArbitrationSettings.parse({}),
    stores: stores.map((store) => ({ ...base, id: "plain", ...store })),
  };
}
const BOTH = planOf([{ id: "mirrored", masMirror: true }, { id: "plain" }]);

function writeOf(epoch: number, active: string): RouteWrite {
  const { id: monitorId, applicationId } = MONITOR;
  return {
    ...{ monitorId, applicationId, ancestors: epoch === 1 ? [] : [`dec_${epoch - 1}`], step: null },
    route: {
      ...{ v: 1, epoch, decision: `dec_${epoch}`, after: epoch === 1 ? null : `dec_${epoch - 1}`, active },
      dataCentres: { dc1: { readable: true, writable: true }, dc2: { readable: true, writable: true } },
      ...{ phase: "stable", reason: "", decidedBy: "ARB-26", decidedAt: "" },
    },
  };
}

describe("the stores of an agent", () => {
  it("are opened with everything that was sealed of them", async () => {
    await set.follow(BOTH);
    expect(secrets).toEqual([SECRET, SECRET]);
  });

  it("carry a mirror only where the plan wants one, and each route moves it", async () => {
    await set.follow(BOTH);
    for (const [epoch, active] of [
      [1, "dc1"],
      [2, "dc2"],
    ] as const) {
      await set.write([writeOf(epoch, active)]);
      expect(read(STATUS)).toEqual([active, undefined]);
    }
    expect(read(ROUTE).every((value) => value?.includes('"active":"dc2"'))).toBe(true);
    expect(read(ROUTER)).toEqual([expect.stringContaining("single-read-write"), undefined]);
  });

  it("get the mirror of a route that stands there when it is turned on", async () => {
    await set.follow(planOf([{ id: "plain" }]));
    await set.write([writeOf(1, "dc2")]);
    await set.follow(planOf([{ id: "plain", masMirror: true }]));
    await turn();
    expect(memoryOf("plain").read(STATUS)).toBe("dc2");
  });

  it("tell the operator of a mirror that is refused, and write it when the store is back", async () => {
    memoryOf("mirrored").fail("swap", true);
    await set.follow(BOTH);
    await turn();
    expect(said).toEqual([expect.stringContaining("store mirrored, MAS mirror: ")]);
    memoryOf("mirrored").fail("put", true);
    await vi.advanceTimersByTimeAsync(2 * BEAT_INTERVAL_MS);
    for (const call of ["swap", "put"] as const) memoryOf("mirrored").fail(call, false);
    await vi.advanceTimersByTimeAsync(2 * BEAT_INTERVAL_MS);
    expect(read(ROUTER)).toEqual([expect.stringContaining("single-read-write"), undefined]);
  });

  it("take routes of a monitor that cannot be mirrored, and tell the operator why it is not", async () => {
    await set.follow(planOf([{ id: "mirrored", masMirror: true }], plannedMonitor("mysql", {})));
    await turn();
    expect(said).toEqual([expect.stringContaining("orders cannot be mirrored for MAS")]);
    const [result] = await set.write([writeOf(1, "dc1")]);
    expect(result?.outcome).toEqual({ result: "stored", written: true });
  });
});
