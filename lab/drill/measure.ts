import type { InstanceEvent } from "@evenkeel/contracts/event";
import type { OrderEvent, ShopEvent } from "../shop/shop-event.ts";

/** One run of a drill; all times in milliseconds from the fault, null where it did not happen. */
export interface DrillRun {
  /**
   * From the fault to the first order that succeeds on the new side, even when no order failed because calls were held;
   * without a switch to the first that succeeds after one that failed, and 0 if none failed.
   */
  readonly outageMs: number;
  readonly firstFailureMs: number | null;
  /** The first failing probe of any agent. */
  readonly firstFailedProbeMs: number | null;
  /** When enough domains called the target down, and everybody was asked. */
  readonly detectedMs: number | null;
  readonly decidedMs: number | null;
  /** When the first store acknowledged the route. */
  readonly routeWrittenMs: number | null;
  /** When the process's data source followed. */
  readonly followedMs: number | null;
  readonly recoveredMs: number | null;
  /** From the decision to the shop's first success. */
  readonly afterDecisionMs: number | null;
  /** Longest wait of a call in flight from the route event to its rejection. */
  readonly hungCallsRejectedMs: number | null;
  /** Failed orders by the error that the application got. */
  readonly errors: Readonly<Record<string, number>>;
  /** Orders placed well. */
  readonly orders: number;
  /** Acknowledged writes that neither side holds once the old one is back. */
  readonly acknowledgedWritesLost: number;
  /** Acknowledged writes of the old side that the new one does not hold: what asynchronous replication still owed. */
  readonly notReplicated: number;
  readonly epochBefore: number;
  readonly epochAfter: number;
  readonly switched: boolean;
  readonly ruleId: string | null;
  readonly because: string | null;
}

/** What a run is measured from. */
export interface RunRecord {
  readonly faultAtMs: number;
  readonly orders: readonly OrderEvent[];
  readonly shopEvents: readonly ShopEvent[];
  /** Events of the monitor since the fault, oldest first. */
  readonly events: readonly InstanceEvent[];
  readonly epochBefore: number;
  readonly epochAfter: number;
  readonly acknowledgedWritesLost: number;
  readonly notReplicated: number;
}

/**
 * Measures a run: pure arithmetic over what was recorded.
 *
 * @param record what was recorded
 */
export function measureRun(record: RunRecord): DrillRun {
  const { faultAtMs, epochBefore, epochAfter } = record;
  const since = (atMs: number | null | undefined) => (atMs == null ? null : round(atMs - faultAtMs));
  const after = record.orders.filter((order) => order.atMs >= faultAtMs);
  const failed = after.filter((order) => order.error !== null);
  const firstFailed = failed[0];
  const followed = record.shopEvents.find((event) => event.type === "switched" && event.atMs >= faultAtMs);
  const troubleAtMs = followed?.atMs ?? firstFailed?.atMs;
  const recovered =
    troubleAtMs === undefined
      ? undefined
      : after.find((order) => order.error === null && order.atMs > troubleAtMs);
  const decision = record.events.find((event) => event.type === "switch-decided");
  const finished = record.events.find((event) => event.type === "switch-finished");
  const mark = (name: string, from = decision) => from?.timeLine.find((one) => one.mark === name)?.atMs;
  const blocked = record.events.find((event) => event.type === "one-click" || event.type === "would-switch");
  const told = decision ?? blocked;
  return {
    outageMs: since(recovered?.atMs) ?? 0,
    firstFailureMs: since(firstFailed?.atMs),
    firstFailedProbeMs: since(mark("first-failed-probe")),
    detectedMs: since(mark("verdict") ?? findDetection(record.events)),
    decidedMs: since(mark("decided")),
    routeWrittenMs: since(mark("route-written", finished)),
    followedMs: since(followed?.atMs),
    recoveredMs: since(recovered?.atMs),
    afterDecisionMs:
      recovered === undefined || decision === undefined ? null : round(recovered.atMs - decision.atMs),
    hungCallsRejectedMs: measureHung(failed, followed?.atMs),
    errors: countErrors(failed),
    orders: after.length - failed.length,
    acknowledgedWritesLost: record.acknowledgedWritesLost,
    notReplicated: record.notReplicated,
    epochBefore,
    epochAfter,
    switched: epochAfter !== epochBefore,
    ruleId: told?.because.id ?? null,
    because: told?.because.text ?? null,
  };
}

/** For monitors that never switch: when the target was called abnormal. */
function findDetection(events: readonly InstanceEvent[]): number | undefined {
  return events.find((event) => event.type === "state-changed" && event.level === "critical")?.atMs;
}

/** Orders that had been waiting when the data source switched, and how long they were kept after that. */
function measureHung(failed: readonly OrderEvent[], followedAtMs: number | undefined): number | null {
  if (followedAtMs === undefined) return null;
  const waiting = failed.filter((order) => order.startedAtMs < followedAtMs && order.atMs >= followedAtMs);
  return waiting.length === 0 ? null : round(Math.max(...waiting.map((order) => order.atMs - followedAtMs)));
}

function countErrors(failed: readonly OrderEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const order of failed) counts[order.error ?? ""] = (counts[order.error ?? ""] ?? 0) + 1;
  return counts;
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Minimum, median and maximum of what was measured; null if nothing was. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/**
 * Computes the spread of a figure over the runs.
 *
 * @param values the figure of each run; null where it did not happen
 */
export function computeSpread(values: readonly (number | null)[]): Spread | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const upper = sorted[middle];
  if (min === undefined || max === undefined || upper === undefined) return null;
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? upper) : upper;
  return { min, median: round((lower + upper) / 2), max };
}

/** What a run has to show. */
export interface Expectation {
  readonly switched: boolean;
  /** The monitor calls its target abnormal although nothing switches. */
  readonly detected: boolean;
  /** An application runs beside it. */
  readonly shop: boolean;
}

/**
 * Lists what a run must not show.
 *
 * @param run the run
 * @param expected what it has to show
 * @returns one sentence per fault of ours; empty: the run is good
 */
export function listRunFaults(run: DrillRun, expected: Expectation): string[] {
  const rules: readonly (readonly [boolean, string])[] = [
    [run.epochAfter < run.epochBefore, `the epoch went back from ${run.epochBefore} to ${run.epochAfter}`],
    [expected.switched && !run.switched, "nothing switched"],
    [
      !expected.switched && run.switched,
      `it switched although it should not have: ${run.because ?? "no reason is known"}`,
    ],
    [expected.detected && run.detectedMs === null, "the monitor did not call its target abnormal"],
    [expected.shop && run.orders === 0, "the shop placed no order"],
    [
      expected.switched && run.firstFailureMs !== null && run.recoveredMs === null,
      "the shop did not recover",
    ],
    [
      !expected.switched && run.firstFailureMs !== null,
      `the shop noticed: ${Object.keys(run.errors).join(", ")}`,
    ],
    [run.acknowledgedWritesLost > 0, `${run.acknowledgedWritesLost} acknowledged writes are lost`],
  ];
  return rules.flatMap(([broken, sentence]) => (broken ? [sentence] : []));
}
