import { performance } from "node:perf_hooks";
import { setImmediate as pollPhase } from "node:timers/promises";
import type { ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { describeError } from "@evenkeel/plugins/probe-error";

/** A deadline that fires later than this after its time says more about us than about the target [SAFE-10]. */
const LATE_DEADLINE_MS = 50;
const LATE_DEADLINE_SHARE = 0.25;

/** One ended probe, or `void`: our own event loop was too late to tell. */
export type RanProbe =
  | {
      readonly type: "ended";
      readonly outcome: ProbeOutcome;
      readonly startedAtMs: number;
      readonly endedAtMs: number;
    }
  | { readonly type: "void"; readonly lateMs: number };

/**
 * Probes once, bounded by our own deadline, because no driver's time-outs suffice. After a time-out the caller destroys
 * the session; its late answer is ignored.
 *
 * @param session the kept session
 * @param accessTimeoutMs how long connect and query may take together, in milliseconds
 */
export async function runProbe(session: ProbeSession, accessTimeoutMs: number): Promise<RanProbe> {
  const startedAtMs = performance.now();
  const settled: { outcome: ProbeOutcome | null } = { outcome: null };
  const asked = session.probe().then(
    (sample) => {
      settled.outcome = { type: "answered", sample, latencyMs: performance.now() - startedAtMs };
    },
    (error: unknown) => {
      settled.outcome = {
        type: "failed",
        error: describeError(error),
        afterMs: performance.now() - startedAtMs,
      };
    },
  );
  const deadlineAtMs = startedAtMs + accessTimeoutMs;
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, accessTimeoutMs);
  });
  await Promise.race([asked, expired]);
  clearTimeout(timer);
  const lateMs = performance.now() - deadlineAtMs;
  const wasLate =
    settled.outcome === null && lateMs > Math.max(LATE_DEADLINE_MS, accessTimeoutMs * LATE_DEADLINE_SHARE);
  if (wasLate) {
    // The answer may lie in the socket already: one poll phase reads it.
    await pollPhase();
    await pollPhase();
    if (settled.outcome === null) return { type: "void", lateMs };
  }
  const endedAtMs = performance.now();
  const outcome = settled.outcome ?? { type: "timed-out", afterMs: endedAtMs - startedAtMs };
  return { type: "ended", outcome, startedAtMs, endedAtMs };
}
