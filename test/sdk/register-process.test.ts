import { PROCESS_LEASE_S, ProcessRecord, parseProcessKey } from "@evenkeel/contracts/process";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Registration, registerProcess } from "../../sdk/route/register-process.ts";
import { createMemoryStore, type MemoryStore } from "../agents/stores/memory-store.ts";
import { beginVirtualTime, endVirtualTime } from "../agents/virtual-time.ts";
import { makeRoute } from "./make-route.ts";

const INSTANCE = "ins_test01";
let memory: MemoryStore;
let registration: Registration;
let problems: string[];

beforeEach(() => {
  beginVirtualTime();
  memory = createMemoryStore();
  problems = [];
  registration = registerProcess(
    { store: memory.store, instance: INSTANCE, application: "app" },
    {
      after(ms, act) {
        const timer = setTimeout(act, ms);
        return () => clearTimeout(timer);
      },
      random: () => 0.5,
    },
  );
});
afterEach(async () => {
  await registration.end();
  endVirtualTime();
});

const join = (monitor: string, busy = () => 0, holdMs = 0) =>
  registration.join(monitor, { busy, holdMs, onProblem: (message) => problems.push(message) });
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

async function listRegistered(): Promise<readonly (readonly [string, ProcessRecord])[]> {
  const seen: (readonly [string, ProcessRecord])[] = [];
  const watch = memory.store.watch(`/evenkeel/v1/${INSTANCE}/`, {
    onReading: ({ entries }) =>
      seen.push(...entries.map(({ key, value }) => [key, ProcessRecord.parse(JSON.parse(value))] as const)),
    onChanges: () => undefined,
    onConnected: () => undefined,
  });
  watch.close();
  return seen;
}
const routes = async () => (await listRegistered()).map(([, record]) => record.routes);

describe("the registration of a process", () => {
  it("says who it is and which routes it follows, under a key of its application", async () => {
    join("mon_1").follow(makeRoute(3));
    await pass();
    const [[key, record] = ["", null]] = await listRegistered();
    expect(parseProcessKey(INSTANCE, key)).toMatchObject({ applicationId: "app" });
    expect(record).toMatchObject({ pid: process.pid, routes: { mon_1: { epoch: 3, decision: "dec-3" } } });
    expect(record?.sdk).toMatch(/^evenkeel-node \d/);
  });

  it("is not made before a route is followed", async () => {
    join("mon_1");
    await pass(60_000);
    expect(memory.calls).toEqual([]);
  });

  it("tells the data source that is furthest behind, and forgets one that has left", async () => {
    const first = join("mon_1");
    const second = join("mon_1");
    first.follow(makeRoute(3));
    second.follow(makeRoute(4));
    join("mon_2").follow(makeRoute(9));
    await pass();
    expect(await routes()).toMatchObject([{ mon_1: { epoch: 3 }, mon_2: { epoch: 9 } }]);
    first.leave();
    await pass();
    expect(await routes()).toMatchObject([{ mon_1: { epoch: 4 }, mon_2: { epoch: 9 } }]);
  });

  it("never lets a slow put undo a later one", async () => {
    const member = join("mon_1");
    memory.before("put", () => member.follow(makeRoute(4)));
    member.follow(makeRoute(3));
    await pass();
    expect(await routes()).toMatchObject([{ mon_1: { epoch: 4 } }]);
  });

  it("is renewed well within its lease", async () => {
    join("mon_1").follow(makeRoute(1));
    await pass();
    await pass(PROCESS_LEASE_S * 1000);
    expect(memory.calls.filter((call) => call === "renewLease").length).toBeGreaterThanOrEqual(2);
    expect(memory.calls.filter((call) => call === "put")).toHaveLength(1);
  });

  it("tells the connections in use of all its sources, and brings them up to date once a lease, not at each renewal", async () => {
    let used = 3;
    join("mon_1", () => used).follow(makeRoute(2));
    join("mon_1", () => 4).follow(makeRoute(1));
    await pass();
    expect(await routes()).toEqual([{ mon_1: { epoch: 1, decision: "dec-1", connections: 7 } }]);
    const puts = () => memory.calls.filter((call) => call === "put").length;
    const before = puts();
    used = 5;
    await pass((PROCESS_LEASE_S / 2) * 1000);
    expect(puts()).toBe(before);
    await pass(PROCESS_LEASE_S * 1000);
    expect(await routes()).toEqual([{ mon_1: { epoch: 1, decision: "dec-1", connections: 9 } }]);
    expect(puts()).toBe(before + 1);
  });

  it("tells that a switch is drained once all sources that hold are, until the next route", async () => {
    const [first, second] = [join("mon_1", undefined, 500), join("mon_1", undefined, 300)];
    join("mon_1").follow(makeRoute(2));
    for (const member of [first, second]) member.follow(makeRoute(2));
    first.drained(makeRoute(2));
    await pass();
    expect(await routes()).toMatchObject([{ mon_1: { holdMs: 300, isDrained: false } }]);
    second.drained(makeRoute(1));
    await pass();
    expect(await routes()).toMatchObject([{ mon_1: { isDrained: false } }]);
    second.drained(makeRoute(2));
    await pass();
    expect(await routes()).toMatchObject([{ mon_1: { isDrained: true } }]);
    first.follow(makeRoute(3));
    await pass();
    expect(await routes()).toMatchObject([{ mon_1: { isDrained: false } }]);
  });

  it("is made anew when its lease has ended", async () => {
    join("mon_1").follow(makeRoute(1));
    await pass();
    memory.endLeases();
    expect(await routes()).toEqual([]);
    await pass(PROCESS_LEASE_S * 1000);
    expect(await routes()).toMatchObject([{ mon_1: { epoch: 1 } }]);
  });

  it("is tried again, more and more slowly, while the store refuses, and is up to date then", async () => {
    memory.fail("put", true);
    const member = join("mon_1");
    member.follow(makeRoute(1));
    await pass(120_000);
    const tries = memory.calls.filter((call) => call === "put").length;
    expect(tries).toBeGreaterThan(4);
    expect(tries).toBeLessThan(12);
    memory.fail("put", false);
    member.follow(makeRoute(2));
    await pass();
    expect(await routes()).toMatchObject([{ mon_1: { epoch: 2 } }]);
  });

  it("says once why it is refused, and nothing of a store that is merely away", async () => {
    memory.fail("grantLease", true);
    join("mon_1").follow(makeRoute(1));
    await pass(120_000);
    expect(problems).toEqual([]);
    const message = "etcdserver: permission denied";
    vi.spyOn(memory.store, "grantLease").mockResolvedValue({
      ok: false,
      reason: "permission-denied",
      message,
    });
    await pass(120_000);
    expect(problems).toEqual([
      `this process cannot be registered, so that nobody sees which route it follows: ${message}`,
    ]);
  });

  it("vanishes at the end, and stays away", async () => {
    const member = join("mon_1");
    member.follow(makeRoute(1));
    await pass();
    await registration.end();
    member.follow(makeRoute(2));
    await pass(120_000);
    expect(await routes()).toEqual([]);
  });

  it("ends in time although the store does not answer", async () => {
    join("mon_1").follow(makeRoute(1));
    await pass();
    vi.spyOn(memory.store, "revokeLease").mockReturnValue(new Promise(() => undefined));
    const ended = vi.fn();
    void registration.end().then(ended);
    await pass(600);
    expect(ended).toHaveBeenCalledOnce();
  });
});
