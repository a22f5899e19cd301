import type { EdgeSight } from "@evenkeel/contracts/edge-sight";
import type { Judgement } from "@evenkeel/contracts/observation";
import type { PlannedMonitor } from "@evenkeel/contracts/plan";
import { isFailure } from "./track.ts";

/** The minute's pass may run twice: probes closer together than this, in milliseconds, count as one. */
export const EDGE_SPACING_MS = 30_000;

/** The largest threshold that a monitor may have. */
const MOST_NEEDED = 10;

/** What a probe of the control plane made of a target's sight. */
export interface EdgeChange {
  readonly sight: EdgeSight;
  /** What the thresholds turned it to just now; null: nothing. */
  readonly turned: "failed" | "recovered" | null;
}

/**
 * Adds a probe of the control plane to what it saw of a target before.
 *
 * @param before the last sight; null: none of this target version
 * @param seen what it saw now
 * @param latencyMs how long the answer took, in milliseconds; null: there was none
 * @param monitor thresholds and policy
 * @param nowMs control plane's clock in ms
 * @returns the sight now; null: the probe is one of the same minute, and changes nothing
 */
export function addEdgeProbe(
  before: EdgeSight | null,
  seen: Judgement,
  latencyMs: number | null,
  { timing, failOn }: Pick<PlannedMonitor, "timing" | "failOn">,
  nowMs: number,
): EdgeChange | null {
  if (before !== null && nowMs - before.atMs < EDGE_SPACING_MS) return null;
  const failed = isFailure(seen.verdict, failOn);
  const goesOn = before !== null && isFailure(before.verdict, failOn) === failed;
  const needed = failed ? timing.unhealthyThreshold : timing.healthyThreshold;
  const inARow = goesOn ? Math.min(before.inARow + 1, MOST_NEEDED) : 1;
  const was = before?.healthy ?? null;
  const healthy = inARow >= needed ? !failed : was;
  const { verdict, words, code = null, advice = null } = seen;
  const sight: EdgeSight = { verdict, words, code, advice, latencyMs, atMs: nowMs, healthy, inARow };
  if (healthy === was) return { sight, turned: null };
  if (healthy === false) return { sight, turned: "failed" };
  return { sight, turned: was === false ? "recovered" : null };
}
