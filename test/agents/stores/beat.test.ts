import type { StoreHealth } from "@evenkeel/contracts/agent-protocol";
import { BEAT_INTERVAL_MS, Beat, beatPrefix } from "@evenkeel/contracts/route";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type RunningBeat, startBeat } from "../../../agents/stores/beat.ts";
import { beginVirtualTime, endVirtualTime } from "../virtual-time.ts";
import { createMemoryStore, type MemoryStore } from "./memory-store.ts";

const KEY = `${beatPrefix("ins_test01")}s1`;
const UNREACHABLE: StoreHealth = { store: "main", reachable: false, words: "no endpoint answered" };
const REACHABLE: StoreHealth = { store: "main", reachable: true, words: "" };

let memory: MemoryStore;
let heard: StoreHealth[] = [];
let confirmedBy: Beat["confirmedBy"] = "edge";
let beat: RunningBeat | null = null;

beforeEach(() => {
  beginVirtualTime();
  memory = createMemoryStore();
  heard = [];
  confirmedBy = "edge";
});
afterEach(() => {
  beat?.stop();
  endVirtualTime();
});

function start(): RunningBeat {
  beat = startBeat({
    ...{ storeId: "main", store: memory.store, instanceId: "ins_test01", site: "s1" },
    confirmedBy: () => confirmedBy,
    onChange: (health) => heard.push(health),
  });
  return beat;
}
const beats = (count: number) => vi.advanceTimersByTimeAsync(count * BEAT_INTERVAL_MS);
const written = () => Beat.parse(JSON.parse(memory.read(KEY) ?? "null"));

describe("a site's beat", () => {
  it("stands in the store at once, counts up each second, and says who confirmed the routes", async () => {
    start();
    await beats(0);
    expect(written()).toEqual({ v: 1, confirmedBy: "edge", count: 0 });
    confirmedBy = "none";
    await beats(2);
    expect(written()).toEqual({ v: 1, confirmedBy: "none", count: 2 });
  });

  it("hangs on one lease that is renewed before each beat", async () => {
    start();
    await beats(2);
    expect(memory.calls).toEqual(["grantLease", "put", "renewLease", "put", "renewLease", "put"]);
    memory.endLeases();
    expect(memory.read(KEY)).toBeUndefined();
    await beats(1);
    expect(memory.calls.slice(6)).toEqual(["renewLease", "grantLease", "put"]);
    expect(written().count).toBe(3);
  });

  it("has a new lease after a refused write, because the lease may be what is refused", async () => {
    start();
    await beats(0);
    memory.before("put", () => memory.endLeases());
    await beats(1);
    expect(heard.at(-1)).toEqual({ ...UNREACHABLE, words: "requested lease not found" });
    await beats(1);
    expect(heard.at(-1)).toEqual(REACHABLE);
    // A store that calls the lease alive and refuses it all the same must not hold us to it.
    memory.fail("put", true);
    await beats(1);
    memory.fail("put", false);
    memory.calls.length = 0;
    await beats(1);
    expect(memory.calls).toEqual(["grantLease", "put"]);
  });
});

describe("a store's health", () => {
  it("is told when it changes only, and proven by writing: a store that only reads is unreachable", async () => {
    const running = start();
    // Unreachable would page somebody at each start of an agent.
    expect(running.health()).toBeNull();
    await beats(3);
    expect(heard).toEqual([REACHABLE]);
    memory.fail("put", true);
    await beats(3);
    expect(heard).toEqual([REACHABLE, UNREACHABLE]);
    expect(running.health()).toEqual(UNREACHABLE);
    memory.fail("put", false);
    await beats(3);
    expect(heard).toEqual([REACHABLE, UNREACHABLE, REACHABLE]);
  });

  it.each(["grantLease", "put"])("is told when the very first beat fails in %s", async (call) => {
    memory.fail(call, true);
    start();
    await beats(2);
    expect(heard).toEqual([UNREACHABLE]);
  });

  it("is not asked a second time while a beat hangs, and goes on when it ends", async () => {
    let release: () => void = () => undefined;
    const grant = memory.store.grantLease;
    const hanging = new Promise<void>((resolve) => {
      release = resolve;
    });
    memory = { ...memory, store: { ...memory.store, grantLease: (ttlS) => hanging.then(() => grant(ttlS)) } };
    start();
    await beats(5);
    expect(memory.calls).toEqual([]);
    release();
    await beats(1);
    expect(memory.calls).toEqual(["grantLease", "put", "renewLease", "put"]);
  });

  it("is not told any more once the beat is stopped, not even of the one in flight", async () => {
    const running = start();
    running.stop();
    await beats(3);
    expect(heard).toEqual([]);
    expect(memory.calls.filter((call) => call === "grantLease")).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
