import { BEAT_INTERVAL_MS } from "@evenkeel/contracts/route";
import { beforeEach, expect, test, vi } from "vitest";
import { type ConfirmedBeats, keepWriteLease, WRITE_LEASE_MS } from "../../sdk/route/write-lease.ts";

let nowMs: number;
let due: { readonly atMs: number; readonly act: () => void }[];
let beats: ConfirmedBeats | null;
let looks: number;

beforeEach(() => {
  nowMs = 5_000_000;
  due = [];
  beats = new Map([["beat/dc1", 1]]);
  looks = 0;
});

function keep() {
  return keepWriteLease(
    {
      async confirm() {
        looks += 1;
        return beats;
      },
    },
    {
      now: () => nowMs,
      after(ms, act) {
        const entry = { atMs: nowMs + ms, act };
        due.push(entry);
        return () => {
          due = due.filter((one) => one !== entry);
        };
      },
    },
  );
}

/** Lets so many looks happen, each an interval after the one before, with what a site writes between them. */
async function look(times: number, write: () => void = () => undefined): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    write();
    await pass(BEAT_INTERVAL_MS);
  }
}

/** Lets time go by; a look ends in a later turn, after which the next one is due. */
async function pass(ms: number): Promise<void> {
  const untilMs = nowMs + ms;
  for (;;) {
    await vi.waitFor(() => expect(due.length).toBeGreaterThan(0));
    await new Promise((resolve) => setImmediate(resolve));
    const [next] = due.sort((one, other) => one.atMs - other.atMs);
    if (next === undefined || next.atMs > untilMs) break;
    due = due.filter((one) => one !== next);
    nowMs = next.atMs;
    next.act();
    await new Promise((resolve) => setImmediate(resolve));
  }
  nowMs = untilMs;
}

const nextBeat = () => {
  beats = new Map([["beat/dc1", (beats?.get("beat/dc1") ?? 0) + 1]]);
};

test("[SAFE-11] a beat that merely stands there gives no lease, for it may be as old as the store keeps it", async () => {
  const lease = keep();
  expect(lease.mayWrite()).toBe(false);
  await look(3);
  expect(looks).toBeGreaterThan(1);
  expect(lease.mayWrite()).toBe(false);
  lease.close();
});

test("[SAFE-11] a beat that changed gives one, counted from the look before, and no longer than its time", async () => {
  const lease = keep();
  const heard: boolean[] = [];
  lease.onChange(() => heard.push(lease.mayWrite()));
  const beganMs = nowMs;
  await look(1, nextBeat);
  expect(lease.mayWrite()).toBe(true);
  nowMs = beganMs + WRITE_LEASE_MS;
  expect(lease.mayWrite()).toBe(true);
  nowMs += 1;
  // Also when the process stood still, so that no timer has come yet.
  expect(lease.mayWrite()).toBe(false);
  expect(heard).toEqual([true]);
  lease.close();
});

test("[SAFE-11] it goes on as long as a site beats, ends with that, is told each time, and comes back", async () => {
  const lease = keep();
  const heard: boolean[] = [];
  lease.onChange(() => heard.push(lease.mayWrite()));
  await look(20, nextBeat);
  expect(heard).toEqual([true]);
  await look(WRITE_LEASE_MS / BEAT_INTERVAL_MS + 1);
  expect(heard).toEqual([true, false]);
  await look(2, nextBeat);
  expect(heard).toEqual([true, false, true]);
  lease.close();
});

test("[SAFE-11] a store that does not answer, or that nobody confirms, gives none", async () => {
  const lease = keep();
  await look(2, () => {
    beats = null;
  });
  await look(2, () => {
    beats = new Map();
  });
  expect(lease.mayWrite()).toBe(false);
  lease.close();
  expect(due).toEqual([]);
});
