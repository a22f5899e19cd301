import type { ProcessesFrame, RouteWrite, WrittenFrame } from "@evenkeel/contracts/agent-protocol";
import { ArbitrationSettings, type Plan, type PlannedStore } from "@evenkeel/contracts/plan";
import { BEAT_INTERVAL_MS, Beat, beatPrefix, routeKey } from "@evenkeel/contracts/route";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SYSTEM_CLOCK } from "../../../agents/clock.ts";
import { SETTLE_MS } from "../../../agents/stores/route-watch.ts";
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
let foreign: WrittenFrame["results"];
let told: ProcessesFrame[];
let set: StoreSet;
/** How often it was told that a route may have changed. */
let heard: number;

beforeEach(() => {
  beginVirtualTime();
  memories = new Map(["mirrored", "plain"].map((id) => [id, createMemoryStore()]));
  secrets = [];
  said = [];
  foreign = [];
  told = [];
  heard = 0;
  set = createStoreSet({
    ...{ instanceId: INSTANCE, site: "s1", clock: SYSTEM_CLOCK, confirmedBy: () => "edge" as const },
    unseal: async () => ({ ok: true, secret: SECRET }),
    openStore: (planned, secret) => {
      secrets.push(secret);
      return memoryOf(planned.id).store;
    },
    onChange: () => undefined,
    onForeign: (results) => void foreign.push(...results),
    onRoutes: () => {
      heard += 1;
    },
    onProcesses: (frame) => told.push(frame) > 0,
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

describe("who tells where a monitor's writes go", () => {
  const tell = () =>
    set
      .witnesses(MONITOR)
      .map(({ by, route }) => [by, route === null ? null : `${route.epoch} ${route.active}`]);

  it("is the control plane as long as it is heard, and every store that is reached", async () => {
    await set.follow(planOf([{ id: "mirrored" }, { id: "plain", sites: ["s1"] }]));
    expect(tell().map(([by]) => by)).not.toContain("control-plane");
    await set.write([writeOf(1, "dc1")]);
    await turn();
    const both = [
      ["shared-store", "1 dc1"],
      ["site-store", "1 dc1"],
    ];
    expect(tell()).toEqual([["control-plane", "1 dc1"], ...both]);
    set.forgetTold();
    expect(tell()).toEqual(both);
    memoryOf("mirrored").fail("put", true);
    await vi.advanceTimersByTimeAsync(2 * BEAT_INTERVAL_MS);
    expect(tell()).toEqual([["site-store", "1 dc1"]]);
  });

  it("tells of a switch before the stores have it, and each store of what stands there", async () => {
    await set.follow(planOf([{ id: "mirrored" }, { id: "plain" }]));
    await set.write([writeOf(1, "dc1")]);
    await turn();
    heard = 0;
    const writing = set.write([writeOf(2, "dc2")]);
    expect(heard).toBe(1);
    expect(tell()[0]).toEqual(["control-plane", "2 dc2"]);
    await writing;
    expect(heard).toBeGreaterThan(1);
    memoryOf("plain").remove(ROUTE);
    expect(tell()).toEqual([
      ["control-plane", "2 dc2"],
      ["shared-store", "2 dc2"],
      ["shared-store", null],
    ]);
  });
});

describe("the routes that processes are told [SAFE-1]", () => {
  const tell = () => set.routes(MONITOR.applicationId);
  const standing = (epoch: number, active: string) => {
    return { v: 1, routes: { [MONITOR.id]: expect.objectContaining({ epoch, active }) }, pending: [] };
  };

  it("are known while the control plane is heard, and only what some store holds", async () => {
    await set.follow(planOf([{ id: "plain" }]));
    expect(tell()).toBeNull();
    await set.write([writeOf(1, "dc1")]);
    expect(tell()).toEqual(standing(1, "dc1"));
    expect(set.routes("another")).toEqual({ v: 1, routes: {}, pending: [] });
    memoryOf("plain").fail("swap", true);
    await set.write([writeOf(2, "dc2")]);
    expect(tell()).toEqual({ v: 1, routes: {}, pending: [MONITOR.id] });
    set.forgetTold();
    expect(tell()).toBeNull();
  });

  it("are those that another store holds, as the control plane says, where the one here is away", async () => {
    await set.follow(planOf([{ id: "plain" }]));
    memoryOf("plain").fail("swap", true);
    await set.write([{ ...writeOf(2, "dc2"), acknowledged: true }]);
    expect(tell()).toEqual(standing(2, "dc2"));
  });
});

describe("the beat of a store", () => {
  const beats = async () => {
    await vi.advanceTimersByTimeAsync(BEAT_INTERVAL_MS);
    return read(`${beatPrefix(INSTANCE)}s1`).map(
      (text) => Beat.parse(JSON.parse(text ?? "null")).confirmedBy,
    );
  };
  const TWO = planOf([{ id: "mirrored" }, { id: "plain" }]);

  it("confirms the store once it was brought up to what the control plane told, and no longer than that is heard", async () => {
    await set.follow(TWO);
    expect(await beats()).toEqual(["none", "none"]);
    memoryOf("plain").fail("swap", true);
    await set.write([writeOf(1, "dc1")]);
    expect(await beats()).toEqual(["edge", "none"]);
    memoryOf("plain").fail("swap", false);
    await set.write([writeOf(1, "dc1")]);
    expect(await beats()).toEqual(["edge", "edge"]);
    set.forgetTold();
    expect(await beats()).toEqual(["none", "none"]);
    await set.write([]);
    expect(await beats()).toEqual(["edge", "edge"]);
  });

  it("does not confirm a store that holds another decision", async () => {
    memoryOf("plain").write(ROUTE, JSON.stringify({ ...writeOf(1, "dc2").route, decision: "dec_other" }));
    await set.follow(TWO);
    await set.write([writeOf(1, "dc1")]);
    expect(await beats()).toEqual(["edge", "none"]);
  });

  it("confirms a store that another agent brought up after our own write had failed", async () => {
    await set.follow(TWO);
    await set.write([writeOf(1, "dc1")]);
    memoryOf("plain").fail("swap", true);
    await set.write([writeOf(2, "dc2")]);
    expect(await beats()).toEqual(["edge", "none"]);
    memoryOf("plain").write(ROUTE, JSON.stringify(writeOf(2, "dc2").route));
    await vi.advanceTimersByTimeAsync(SETTLE_MS);
    expect(await beats()).toEqual(["edge", "edge"]);
  });

  it("confirms a store that was opened anew with another password after it was looked at", async () => {
    await set.follow(TWO);
    await set.write([writeOf(1, "dc1")]);
    memoryOf("plain").fail("range", true);
    await set.follow(planOf([{ id: "mirrored" }, { id: "plain", user: "another" }]));
    expect(await beats()).toEqual(["edge", "none"]);
    memoryOf("plain").fail("range", false);
    memoryOf("plain").rereadAll();
    await vi.advanceTimersByTimeAsync(SETTLE_MS);
    expect(await beats()).toEqual(["edge", "edge"]);
  });
});

describe("a route that somebody else wrote into a store", () => {
  const settle = () => vi.advanceTimersByTimeAsync(SETTLE_MS);
  const routeText = (epoch: number, active: string, more: object = {}) =>
    JSON.stringify({ ...writeOf(epoch, active).route, ...more });
  const { id: monitorId } = MONITOR;

  beforeEach(async () => {
    await set.follow(planOf([{ id: "mirrored" }, { id: "plain" }]));
    await set.write([writeOf(1, "dc1"), writeOf(2, "dc2")]);
    await settle();
    expect(foreign).toEqual([]);
  });

  it("is told as on connecting, for that store alone, if it descends from ours", async () => {
    memoryOf("plain").write(ROUTE, routeText(3, "dc1"));
    await settle();
    const stored = writeOf(3, "dc1").route;
    expect(foreign).toEqual([
      {
        ...{ monitorId, store: "plain", epoch: 2, step: null, tookMs: expect.any(Number) },
        outcome: { result: "ahead", stored },
      },
    ]);
    expect(memoryOf("plain").read(ROUTE)).toBe(routeText(3, "dc1"));
  });

  it("is told as a fork if it does not, whatever its epoch", async () => {
    for (const [epoch, decision] of [
      [1, "dec_other1"],
      [2, "dec_other2"],
      [7, "dec_other7"],
    ] as const)
      memoryOf("plain").write(ROUTE, routeText(epoch, "dc1", { decision, after: "dec_unknown" }));
    await settle();
    expect(foreign.map(({ outcome }) => outcome)).toEqual([
      { result: "fork", stored: expect.objectContaining({ decision: "dec_other7" }) },
    ]);
  });

  it.each([
    ["an older route that was put back", () => memoryOf("plain").write(ROUTE, routeText(1, "dc1"))],
    ["a deleted one", () => memoryOf("plain").remove(ROUTE)],
  ])("%s makes way for what was told", async (_what, act) => {
    act();
    await settle();
    expect(foreign.map(({ store, outcome }) => [store, outcome])).toEqual([
      ["plain", { result: "stored", written: true }],
    ]);
    expect(memoryOf("plain").read(ROUTE)).toBe(routeText(2, "dc2"));
  });

  it("that kept its epoch and decision and says something else is told as a fork", async () => {
    const edited = routeText(2, "dc1");
    memoryOf("plain").write(ROUTE, edited);
    await settle();
    expect(foreign.map(({ store, outcome }) => [store, outcome.result])).toEqual([["plain", "fork"]]);
    expect(memoryOf("plain").read(ROUTE)).toBe(edited);
  });

  it("that is none is told and left alone", async () => {
    memoryOf("plain").write(ROUTE, "dc1, please");
    await settle();
    expect(foreign.map(({ outcome }) => outcome.result)).toEqual(["unreadable"]);
    expect(memoryOf("plain").read(ROUTE)).toBe("dc1, please");
  });

  it("is found after a watch had to read anew", async () => {
    const quietly = { watched: false };
    memoryOf("plain").remove(ROUTE, quietly);
    await settle();
    expect(foreign).toEqual([]);
    memoryOf("plain").rereadAll();
    await settle();
    expect(foreign.map(({ store, outcome }) => [store, outcome])).toEqual([
      ["plain", { result: "stored", written: true }],
    ]);
  });

  it("is nothing new if the control plane tells the same within a moment: another agent was quicker", async () => {
    memoryOf("plain").write(ROUTE, routeText(3, "dc1"));
    await vi.advanceTimersByTimeAsync(SETTLE_MS / 2);
    await set.write([writeOf(3, "dc1")]);
    await settle();
    expect(foreign).toEqual([]);
  });

  it("is nothing new if only its letters differ", async () => {
    memoryOf("plain").write(ROUTE, JSON.stringify(writeOf(2, "dc2").route, null, 2));
    await settle();
    expect(foreign).toEqual([]);
  });

  it("waits for the next connection while the control plane is gone, and keys that it never told are left alone", async () => {
    memoryOf("plain").write(routeKey(INSTANCE, MONITOR.applicationId, "mon_other"), routeText(3, "dc1"));
    set.forgetTold();
    memoryOf("plain").write(ROUTE, routeText(3, "dc1"));
    await settle();
    expect(foreign).toEqual([]);
    const results = await set.write([writeOf(2, "dc2")]);
    expect(results.map(({ store, outcome }) => [store, outcome.result])).toEqual([
      ["mirrored", "stored"],
      ["plain", "ahead"],
    ]);
  });
});
