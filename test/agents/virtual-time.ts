import { performance } from "node:perf_hooks";
import { vi } from "vitest";

/** Where the virtual monotonic clock begins, in milliseconds: not at 0, which would hide a missing subtraction. */
export const BEGIN_MS = 1_000_000;

type Faked =
  | "setTimeout"
  | "clearTimeout"
  | "setInterval"
  | "clearInterval"
  | "setImmediate"
  | "clearImmediate";

/** The timers of the code under test; `setImmediate` stays real, so that sockets and promises move on. */
const TIMERS: readonly Faked[] = ["setTimeout", "clearTimeout", "setInterval", "clearInterval"];

/**
 * Puts timers and the monotonic clock into the test's hand: `vi.advanceTimersByTimeAsync` moves both together.
 * To be undone with `endVirtualTime`.
 *
 * @param faked the timers to be taken over
 */
export function beginVirtualTime(faked: readonly Faked[] = TIMERS): void {
  vi.useFakeTimers({ toFake: [...faked, "Date"], now: BEGIN_MS });
  vi.spyOn(performance, "now").mockImplementation(() => Date.now());
}

/** Gives timers and clock back. */
export function endVirtualTime(): void {
  vi.restoreAllMocks();
  vi.useRealTimers();
}
