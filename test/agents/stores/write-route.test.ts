import type { RouteWrite } from "@evenkeel/contracts/agent-protocol";
import { type Route, routeKey } from "@evenkeel/contracts/route";
import { beforeEach, describe, expect, it } from "vitest";
import { type KnownEntries, writeRoute } from "../../../agents/stores/write-route.ts";
import { createMemoryStore, type MemoryStore } from "./memory-store.ts";

const KEY = routeKey("ins_test01", "app_shop01", "mon_orders1");

/** Route number `epoch` of one line of decisions. */
const route = (epoch: number, change: Partial<Route> = {}): Route => ({
  v: 1,
  epoch,
  decision: `dec_${epoch}`,
  after: epoch === 1 ? null : `dec_${epoch - 1}`,
  active: epoch % 2 === 1 ? "dc1" : "dc2",
  phase: "stable",
  dataCentres: { dc1: { readable: true, writable: true }, dc2: { readable: true, writable: true } },
  reason: "",
  decidedBy: "ARB-26",
  decidedAt: "",
  ...change,
});
const writeOf = (wanted: Route, ancestors = ancestorsOf(wanted.epoch)): RouteWrite => ({
  ...{ monitorId: "mon_orders1", applicationId: "app_shop01", step: null },
  ...{ route: wanted, ancestors },
});
const ancestorsOf = (epoch: number) =>
  Array.from({ length: epoch - 1 }, (_, index) => `dec_${epoch - 1 - index}`);

let memory: MemoryStore;
let known: KnownEntries;

beforeEach(() => {
  memory = createMemoryStore();
  known = new Map();
});

const write = async (wanted: Route, ancestors?: string[]) =>
  (await writeRoute(memory.store, known, "ins_test01", writeOf(wanted, ancestors))).outcome;
const stored = () => JSON.parse(memory.read(KEY) ?? "null");
const put = (value: Route | string) =>
  memory.write(KEY, typeof value === "string" ? value : JSON.stringify(value));
/** The calls since the last time. */
const calls = () => memory.calls.splice(0);

describe("[SAFE-1] writing a route", () => {
  it("an empty store takes the route", async () => {
    expect(await write(route(1))).toEqual({ result: "stored", written: true });
    expect(stored()).toEqual(route(1));
  });

  it("the same route is there already: nothing is written", async () => {
    put(route(3));
    expect(await write(route(3))).toEqual({ result: "stored", written: false });
    expect(calls()).toEqual(["range"]);
  });

  it("a store that is behind is brought up, over several epochs at once too", async () => {
    put(route(2));
    expect(await write(route(5))).toEqual({ result: "stored", written: true });
    expect(stored()).toEqual(route(5));
  });

  it("a store that is ahead is reported with what it holds, and left alone", async () => {
    put(route(4));
    expect(await write(route(3))).toEqual({ result: "ahead", stored: route(4) });
    expect(stored()).toEqual(route(4));
  });

  it.each([
    ["of the same epoch", route(3, { decision: "dec_x" })],
    ["of a lower epoch", route(2, { decision: "dec_x" })],
    ["of a higher epoch that does not follow ours", route(9, { decision: "dec_y", after: "dec_x" })],
  ])("a foreign route %s is a fork: reported, and left alone", async (_, foreign) => {
    put(foreign);
    expect(await write(route(3))).toEqual({ result: "fork", stored: foreign });
    expect(stored()).toEqual(foreign);
  });

  it.each(["not JSON", "null", '{"v":2}'])("%s is no route: reported, and left alone", async (value) => {
    put(value);
    expect(await write(route(3))).toEqual({
      result: "unreadable",
      words: `${KEY} does not hold a route`,
    });
    expect(memory.read(KEY)).toBe(value);
  });
});

describe("the fast path of a switch", () => {
  it("is one compare-and-swap and nothing else, after a write as well as after a reading", async () => {
    await write(route(1));
    expect(calls()).toEqual(["range", "swap"]);
    await write(route(2));
    expect(calls()).toEqual(["swap"]);
    known.clear();
    await write(route(2));
    calls();
    await write(route(3));
    expect(calls()).toEqual(["swap"]);
    expect(stored()).toEqual(route(3));
  });

  it("[SAFE-1] another agent was faster with the same route: its answer is enough", async () => {
    await write(route(1));
    calls();
    put(route(2));
    expect(await write(route(2))).toEqual({ result: "stored", written: false });
    expect(calls()).toEqual(["swap"]);
    // What the store told is remembered: the next switch is one swap again.
    expect(await write(route(3))).toEqual({ result: "stored", written: true });
    expect(calls()).toEqual(["swap"]);
  });

  it("[SAFE-1] another agent wrote something else meanwhile: it is told, not overwritten", async () => {
    await write(route(1));
    const foreign = route(2, { decision: "dec_x" });
    put(foreign);
    expect(await write(route(2))).toEqual({ result: "fork", stored: foreign });
    expect(stored()).toEqual(foreign);
  });
});

describe("[SAFE-1] what is remembered", () => {
  it("is read again before a store may be called ahead: it was restored from an old backup", async () => {
    await write(route(4));
    put(route(2));
    calls();
    expect(await write(route(3))).toEqual({ result: "stored", written: true });
    expect(calls()).toEqual(["range", "swap"]);
  });

  it("is read again before a store may be called foreign: a person has put it right", async () => {
    const foreign = route(3, { decision: "dec_x" });
    put(foreign);
    expect((await write(route(3))).result).toBe("fork");
    put(route(2));
    expect(await write(route(3))).toEqual({ result: "stored", written: true });
  });

  it("is read again before a store may be called up to date: its data is gone", async () => {
    await write(route(1));
    const empty = createMemoryStore();
    const { outcome } = await writeRoute(empty.store, known, "ins_test01", writeOf(route(1)));
    expect(outcome).toEqual({ result: "stored", written: true });
    expect(empty.read(KEY)).toBe(JSON.stringify(route(1)));
  });

  it("is read again before it may be called unreadable", async () => {
    put("rubbish");
    expect((await write(route(2))).result).toBe("unreadable");
    put(route(1));
    expect(await write(route(2))).toEqual({ result: "stored", written: true });
  });
});

describe("a store in trouble", () => {
  it.each(["range", "swap"])(
    "that fails in %s is told in its own words, and asked anew later",
    async (call) => {
      memory.fail(call, true);
      expect(await write(route(1))).toEqual({ result: "failed", words: "no endpoint answered" });
      memory.fail(call, false);
      calls();
      expect(await write(route(1))).toEqual({ result: "stored", written: true });
      expect(calls()).toEqual(["range", "swap"]);
    },
  );

  it("[SAFE-1] a swap that was committed although it failed is found to be there", async () => {
    await write(route(1));
    memory.fail("swap", true);
    memory.before("swap", () => put(route(2)));
    expect((await write(route(2))).result).toBe("failed");
    memory.fail("swap", false);
    expect(await write(route(2))).toEqual({ result: "stored", written: false });
  });

  it("lost swaps are tried again while the store is only behind", async () => {
    put(route(1));
    memory.before("swap", () => put(route(2)));
    expect(await write(route(3))).toEqual({ result: "stored", written: true });
    expect(calls()).toEqual(["range", "swap", "range", "swap"]);
    expect(stored()).toEqual(route(3));
  });

  it("the field is left to the others after five lost swaps", async () => {
    put(route(1));
    for (let lost = 0; lost < 100; lost += 1) memory.before("swap", () => put(route(1)));
    expect(await write(route(2))).toMatchObject({ result: "failed" });
    expect(calls().filter((call) => call === "swap")).toHaveLength(5);
    expect(stored()).toEqual(route(1));
  });
});
