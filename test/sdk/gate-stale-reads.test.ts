import { beforeEach, expect, test, vi } from "vitest";
import type { DataPosition } from "../../sdk/routing/data-position.ts";
import { gateStaleReads, type Measurable, type StaleGate } from "../../sdk/routing/gate-stale-reads.ts";

const BOUND_MS = 800;
/** The gate measures eight times within the bound. */
const INTERVAL_MS = 100;

let nowMs: number;
let due: { readonly atMs: number; readonly act: () => void }[];
let problems: string[];
let gate: StaleGate<TestSide>;

interface TestSide extends Measurable {
  /** What it has; null: it cannot tell; an error: it cannot be asked. */
  has: number | null | Error;
}

beforeEach(() => {
  nowMs = 1_000_000;
  due = [];
  problems = [];
  gate = gateStaleReads<TestSide>(
    { maxStalenessMs: BOUND_MS, onProblem: (message) => problems.push(message) },
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
});

function side(has: TestSide["has"]): TestSide {
  const made: TestSide = {
    ...{ dataCentre: "dc1", readOnly: true, waiting: new Set(), busy: () => 0, has },
    ...{ abandon: () => undefined, drain: () => undefined, close: () => undefined },
    async position(): Promise<DataPosition> {
      const { has: now } = made;
      if (now instanceof Error) throw now;
      return {
        written: now === null ? "" : String(now),
        includes: (written) => now !== null && now >= Number(written),
      };
    },
  };
  return made;
}

/** Lets time go by, and every measurement that is due happen. */
async function pass(ms: number): Promise<void> {
  const untilMs = nowMs + ms;
  for (;;) {
    await vi.waitFor(() => expect(due.length).toBeGreaterThan(0));
    const [next] = due.sort((one, other) => one.atMs - other.atMs);
    if (next === undefined || next.atMs > untilMs) break;
    due = due.filter((one) => one !== next);
    nowMs = next.atMs;
    next.act();
  }
  nowMs = untilMs;
}

test("a server that has all is fresh after the first measurement, and one that is asked nothing never is", async () => {
  const [writer, reader, other] = [side(5), side(5), side(5)];
  gate.watch(writer, [reader]);
  expect(gate.isFresh(reader)).toBe(false);
  await pass(0);
  expect(gate.isFresh(reader)).toBe(true);
  expect(gate.isFresh(other)).toBe(false);
});

test("a server that falls behind is fresh until the newest moment that it has reached is older than the bound", async () => {
  const [writer, reader] = [side(5), side(5)];
  gate.watch(writer, [reader]);
  await pass(0);
  writer.has = 6;
  await pass(BOUND_MS);
  expect(gate.isFresh(reader)).toBe(true);
  await pass(1);
  expect(gate.isFresh(reader)).toBe(false);
  reader.has = 6;
  await pass(INTERVAL_MS);
  expect(gate.isFresh(reader)).toBe(true);
});

test("a steady lag below the bound is let through, and one above it is not", async () => {
  const [writer, near, far] = [side(0), side(0), side(0)];
  gate.watch(writer, [near, far]);
  const history: number[] = [];
  for (let at = 1; at <= 30; at += 1) {
    writer.has = at;
    history.push(at);
    near.has = history.at(-4) ?? 0;
    far.has = history.at(-12) ?? 0;
    await pass(INTERVAL_MS);
  }
  expect(gate.isFresh(near)).toBe(true);
  expect(gate.isFresh(far)).toBe(false);
});

test("what cannot be measured is stale: a server that cannot tell, one that fails, a writer that is away", async () => {
  const [writer, mute, failing] = [side(5), side(null), side(new Error("permission denied"))];
  gate.watch(writer, [mute, failing]);
  await pass(INTERVAL_MS * 3);
  expect(gate.isFresh(mute)).toBe(false);
  expect(gate.isFresh(failing)).toBe(false);
  expect(problems).toEqual([expect.stringContaining("permission denied")]);
  const reader = side(5);
  gate.watch(side(new Error("away")), [reader]);
  await pass(INTERVAL_MS);
  expect(gate.isFresh(reader)).toBe(false);
});

test("what was found out before a switch is forgotten, and answers that come late are not heard", async () => {
  const [writer, reader] = [side(5), side(5)];
  gate.watch(writer, [reader]);
  await pass(0);
  gate.watch(side(9), [reader]);
  expect(gate.isFresh(reader)).toBe(false);
  await pass(INTERVAL_MS);
  expect(gate.isFresh(reader)).toBe(false);
});

test("closing ends the measuring", async () => {
  gate.watch(side(5), [side(5)]);
  await pass(0);
  gate.close();
  expect(due).toEqual([]);
});
