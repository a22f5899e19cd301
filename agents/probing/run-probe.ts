import type { ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { describeError } from "@evenkeel/plugins/probe-error";
import { type Cancel, type Clock, SYSTEM_CLOCK } from "../clock.ts";

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
 * @param clock the clock that bounds it
 */
export async function runProbe(
  session: ProbeSession,
  accessTimeoutMs: number,
  clock: Clock = SYSTEM_CLOCK,
): Promise<RanProbe> {
  const startedAtMs = clock.now();
  const settled: { outcome: ProbeOutcome | null } = { outcome: null };
  const asked = session.probe().then(
    (sample) => {
      settled.outcome = { type: "answered", sample, latencyMs: clock.now() - startedAtMs };
    },
    (error: unknown) => {
      settled.outcome = {
        type: "failed",
        error: describeError(error),
        afterMs: clock.now() - startedAtMs,
      };
    },
  );
  const deadlineAtMs = startedAtMs + accessTimeoutMs;
  let cancel: Cancel = () => undefined;
  const expired = new Promise<void>((resolve) => {
    cancel = clock.after(accessTimeoutMs, resolve);
  });
  await Promise.race([asked, expired]);
  cancel();
  const lateMs = clock.now() - deadlineAtMs;
  const wasLate =
    settled.outcome === null && lateMs > Math.max(LATE_DEADLINE_MS, accessTimeoutMs * LATE_DEADLINE_SHARE);
  if (wasLate) {
    // The answer may lie in the socket already: one poll phase reads it.
    await clock.polled();
    if (settled.outcome === null) return { type: "void", lateMs };
  }
  const endedAtMs = clock.now();
  const outcome = settled.outcome ?? { type: "timed-out", afterMs: endedAtMs - startedAtMs };
  return { type: "ended", outcome, startedAtMs, endedAtMs };
}
