import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { loadDrivers } from "@evenkeel/agent/drivers";
import { Judgement, type Verdict } from "@evenkeel/contracts/observation";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { expect, type TestContext } from "vitest";
import { eventually } from "../../eventually.ts";
import { countSockets, openSession } from "../probe-kind.ts";
import type { Cell, Column, Expected, Stage } from "./column.ts";

/** Where something is answered, a busy machine may take its time. */
const PATIENT_MS = 10_000;
/** How much later than its deadline a probe may end. */
const LATE_MS = 50;
/** How often our own event loop is looked at, in milliseconds. */
const LAG_RESOLUTION_MS = 2;
/** The deadline may find our own event loop busy, and so may the poll phase that it grants to an answer. */
const LATE_PHASES = 2;

const CALM: ReadonlySet<Verdict> = new Set(["up", "read_only"]);

type RunnableCell = Extract<Cell, { by: string }>;

/** Measures the longest time that our own event loop kept something waiting. */
function watchLag(): () => Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  histogram.enable();
  return async () => {
    // A delay counts when the loop comes round again.
    await wait(2 * LAG_RESOLUTION_MS);
    histogram.disable();
    return histogram.max / 1e6;
  };
}

async function probeBounded(kind: string, settings: Record<string, unknown>, accessTimeoutMs: number) {
  const plugin = requirePlugin(kind);
  const { probe, destroy } = openSession(plugin, settings, accessTimeoutMs);
  const endLag = watchLag();
  const { outcome, judgement } = await probe();
  const lagMs = await endLag();
  destroy();
  const tookMs = outcome.type === "answered" ? outcome.latencyMs : outcome.afterMs;
  expect(tookMs, `our own lag was ${lagMs} ms`).toBeLessThanOrEqual(
    accessTimeoutMs + LATE_MS + LATE_PHASES * lagMs,
  );
  expect(Judgement.parse(judgement)).toEqual(judgement);
  expect(judgement.words).not.toMatch(/\p{Cc}/u);
  if (typeof settings.password === "string")
    expect(JSON.stringify(judgement)).not.toContain(settings.password);
  return judgement;
}

function requirePlugin(kind: string) {
  const plugin = findMonitorPlugin(kind);
  if (plugin === undefined) throw new Error(`there is no kind ${kind}`);
  return plugin;
}

/**
 * Runs a cell: the verdict and reason have to be those expected, and no socket of ours may stay.
 *
 * @param column whose
 * @param cell the cell
 * @param context skips the test
 * @returns the judgement
 */
export async function runCell(column: Column, cell: RunnableCell, context: TestContext): Promise<Judgement> {
  const { kind } = column;
  await loadDrivers(requirePlugin(kind));
  const undone: (() => unknown)[] = [];
  const stage: Stage = {
    probe: (settings, accessTimeoutMs = PATIENT_MS) => probeBounded(kind, settings, accessTimeoutMs),
    until: (settings, seen: Partial<Expected>) =>
      eventually(
        async () => {
          const judgement = await probeBounded(kind, settings, PATIENT_MS);
          expect(judgement).toMatchObject(seen);
          return judgement;
        },
        { timeout: 60_000, interval: 50 },
      ),
    keep(settings) {
      const opened = openSession(requirePlugin(kind), settings, PATIENT_MS);
      undone.push(opened.destroy);
      return opened;
    },
    after: (undo) => undone.push(undo),
    skip: (reason) => context.skip(reason),
  };
  const before = countSockets();
  try {
    const judgement = await cell.run(stage);
    expect(judgement).toMatchObject(cell.expected);
    // Whoever is woken has to be told what to check; that a server takes no writes may be as it should be.
    if (!CALM.has(judgement.verdict)) expect(judgement.advice).toMatch(/\S/);
    return judgement;
  } finally {
    for (const undo of undone.reverse()) await undo();
    await eventually(() => expect(countSockets()).toBeLessThanOrEqual(before));
  }
}
