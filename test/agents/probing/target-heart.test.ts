import type { HeartbeatPlugin } from "@evenkeel/contracts/heartbeat-plugin";
import type { Judgement } from "@evenkeel/contracts/observation";
import type { Route } from "@evenkeel/contracts/route";
import { HEARTBEAT_SETTLE_MS, type RouteWitness } from "@evenkeel/core/health/heartbeat";
import { CONFIG_RETRY_MS } from "@evenkeel/core/health/track";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SYSTEM_CLOCK } from "../../../agents/clock.ts";
import { createProberSet, type ProberSet, targetKey } from "../../../agents/probing/prober-set.ts";
import { MONITOR, makePlan } from "../../core/arbitration/world.ts";
import { beginVirtualTime, endVirtualTime } from "../virtual-time.ts";
import { answer, createFakeTarget, type FakeTarget, refuse, UP } from "./fake-plugin.ts";

const [DC1, DC2] = [targetKey(MONITOR, "dc1"), targetKey(MONITOR, "dc2")];
const INTERVAL_MS = 200;
const ACCESS_MS = 200;
const FULL: Judgement = { verdict: "degraded", reason: "disk-full", words: "full" };
const DENIED: Judgement = { verdict: "config", reason: "auth-failed", words: "denied" };

/** The databases of both data centres, as far as heartbeats see them. */
interface FakeRows {
  /** What was written, in order. */
  readonly writes: { readonly dataCentre: string; readonly seq: number }[];
  /** What each side holds. */
  readonly held: Record<string, number | null>;
  /** What a write meets. */
  write(dataCentre: string, seq: number): Promise<void>;
  logins: number;
  destroyed: number;
}

let rows: FakeRows;
let target: FakeTarget;
let probers: ProberSet;
let changed: string[];
let witnesses: RouteWitness[];
/** What a failed call is judged as. */
let judged: Judgement;

function tell(active: string, epoch: number, change: Partial<Route> = {}): RouteWitness {
  const dataCentres = { dc1: { readable: true, writable: true }, dc2: { readable: true, writable: true } };
  const route: Route = {
    ...{ v: 1, epoch, decision: `dec_${epoch}`, after: null, active, phase: "stable", dataCentres },
    ...{ reason: "", decidedBy: "", decidedAt: "", ...change },
  };
  return { by: "control-plane", route };
}

/** The fake database writes where it is told to; the standby holds what the test says. */
const heartbeat: HeartbeatPlugin = {
  isWanted: () => true,
  open({ dataCentre }) {
    const name = String(dataCentre);
    let isOpen = true;
    let isLoggedIn = false;
    const call = async <Result>(act: () => Promise<Result>): Promise<Result> => {
      if (!isLoggedIn) rows.logins += 1;
      isLoggedIn = true;
      return await act();
    };
    return {
      isLoggedIn: () => isLoggedIn,
      write: (seq) => call(() => rows.write(name, seq)),
      read: () => call(async () => rows.held[name] ?? null),
      check: () => Promise.resolve(),
      destroy() {
        if (isOpen) rows.destroyed += 1;
        isOpen = false;
      },
    };
  },
  judge: () => judged,
};

beforeEach(async () => {
  beginVirtualTime();
  [changed, witnesses, judged] = [[], [tell("dc1", 1)], FULL];
  rows = {
    ...{ writes: [], held: {}, logins: 0, destroyed: 0 },
    async write(dataCentre, seq) {
      rows.writes.push({ dataCentre, seq });
      rows.held[dataCentre] = seq;
    },
  };
  target = createFakeTarget(answer(UP), { heartbeat });
  probers = createProberSet(
    async () => ({ ok: true, secret: {} }),
    (key) => changed.push(key),
    {
      clock: SYSTEM_CLOCK,
      findPlugin: () => target.plugin,
      heartbeats: { source: "agt_1", listen: () => witnesses, firstSeq: () => 1000 },
    },
  );
  const plan = makePlan();
  const monitors = plan.monitors.map((monitor) => ({
    ...monitor,
    dataCentres: monitor.dataCentres.map((dc) => ({ ...dc, config: { dataCentre: dc.name } })),
  }));
  await probers.follow({ ...plan, monitors });
});
afterEach(() => {
  probers.stop();
  endVirtualTime();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const settle = () => pass(HEARTBEAT_SETTLE_MS + 2 * INTERVAL_MS);
const see = (key: string) => probers.observe(new Set([key]))[0];
const sides = () => [...new Set(rows.writes.map(({ dataCentre }) => dataCentre))];

describe("heartbeats", () => {
  it("are written to the active side alone, once per interval, each with a larger number", async () => {
    await pass(HEARTBEAT_SETTLE_MS - INTERVAL_MS);
    expect(rows.writes).toEqual([]);
    await settle();
    const before = rows.writes.length;
    await pass(10 * INTERVAL_MS);
    expect(rows.writes.length - before).toBe(10);
    expect(sides()).toEqual(["dc1"]);
    expect(rows.writes.map(({ seq }) => seq)).toEqual(rows.writes.map((_, at) => 1000 + at));
    expect(see(DC1)?.heartbeat).toEqual({ writable: true, rpoMs: null });
    expect(rows.logins).toBe(2); // One of each side, kept.
  });

  it("stop at once when the route is told to change, and go on at the new side once all agree", async () => {
    await settle();
    const before = rows.writes.length;
    witnesses = [tell("dc2", 2), { by: "shared-store", route: tell("dc1", 1).route }];
    probers.lookAgain();
    await pass(HEARTBEAT_SETTLE_MS * 2);
    expect(rows.writes.length).toBe(before);
    expect(see(DC1)?.heartbeat).toEqual({ writable: null, rpoMs: null });
    witnesses = [tell("dc2", 2), { by: "shared-store", route: tell("dc2", 2).route }];
    probers.lookAgain();
    await pass(HEARTBEAT_SETTLE_MS - INTERVAL_MS);
    expect(rows.writes.length).toBe(before);
    await settle();
    expect(new Set(rows.writes.slice(before).map(({ dataCentre }) => dataCentre))).toEqual(new Set(["dc2"]));
    const numbers = rows.writes.map(({ seq }) => seq);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
  });

  it("give a write in flight up when it is no longer due", async () => {
    rows.write = () => new Promise(() => undefined);
    await settle();
    const before = rows.destroyed;
    witnesses = [];
    probers.lookAgain();
    expect(rows.destroyed).toBe(before + 1);
  });

  it("are not written while nobody tells where", async () => {
    witnesses = [];
    await pass(HEARTBEAT_SETTLE_MS * 10);
    expect(rows.writes).toEqual([]);
  });

  it("tell how old the newest own number is that the standby holds, and that it grows", async () => {
    await settle();
    rows.held.dc2 = rows.writes.at(-1)?.seq ?? null;
    await pass(INTERVAL_MS);
    const early = see(DC2)?.heartbeat?.rpoMs ?? Number.NaN;
    expect(early).toBeGreaterThan(0);
    expect(early).toBeLessThanOrEqual(2 * INTERVAL_MS);
    const told = changed.filter((key) => key === DC2).length;
    await pass(20 * INTERVAL_MS);
    expect(see(DC2)?.heartbeat).toEqual({ writable: null, rpoMs: early + 20 * INTERVAL_MS });
    expect(changed.filter((key) => key === DC2).length).toBeGreaterThan(told);
  });

  it("that are refused degrade a server that is up, until one is taken again", async () => {
    await settle();
    const writes = rows.write;
    rows.write = () => Promise.reject(new Error("disk full"));
    await pass(3 * INTERVAL_MS);
    expect(see(DC1)).toMatchObject({
      judgement: { verdict: "degraded", reason: "disk-full", words: expect.stringContaining("full") },
      heartbeat: { writable: false },
      failing: null,
    });
    rows.write = writes;
    await pass(3 * INTERVAL_MS);
    expect(see(DC1)).toMatchObject({ judgement: UP, heartbeat: { writable: true } });
    expect(rows.logins).toBe(2); // A refusal is an answer: the connection is kept.
  });

  it("that hang are told after the access timeout, are not repeated, and count once they are answered", async () => {
    await settle();
    let begun = 0;
    let end = (): void => undefined;
    rows.write = () => {
      begun += 1;
      return new Promise((resolve) => {
        end = () => resolve();
      });
    };
    await pass(ACCESS_MS + 3 * INTERVAL_MS);
    expect(see(DC1)?.judgement).toMatchObject({ verdict: "degraded", reason: "timed-out" });
    await pass(20 * INTERVAL_MS);
    expect(begun).toBe(1);
    end();
    await pass(0);
    expect(see(DC1)?.heartbeat?.writable).toBe(true);
  });

  it("[SAFE-5] of an account that is refused are tried once a minute, and leave the verdict alone", async () => {
    judged = DENIED;
    let tried = 0;
    rows.write = () => {
      tried += 1;
      return Promise.reject(new Error("denied"));
    };
    await settle();
    expect(tried).toBe(1);
    expect(see(DC1)).toMatchObject({
      judgement: UP,
      heartbeat: { writable: null, reason: "auth-failed", words: "denied" },
    });
    await pass(CONFIG_RETRY_MS * 5);
    expect(tried).toBe(6);
  });

  it("are not written to a server that is not heard", async () => {
    await settle();
    target.behave(refuse);
    await pass(2 * INTERVAL_MS);
    const before = rows.writes.length;
    await pass(10 * INTERVAL_MS);
    expect(rows.writes.length).toBe(before);
    expect(see(DC1)?.heartbeat).toEqual({ writable: null, rpoMs: null });
    target.behave(answer(UP));
    await settle();
    expect(rows.writes.length).toBeGreaterThan(before);
  });

  it("end with their prober", async () => {
    await settle();
    const before = rows.writes.length;
    probers.stop();
    await pass(10 * INTERVAL_MS);
    expect(rows.writes.length).toBe(before);
    expect(rows.destroyed).toBe(rows.logins);
  });
});
