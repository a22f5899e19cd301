import { performance } from "node:perf_hooks";

/** How often the event loop is measured, in milliseconds. */
const SAMPLE_MS = 50;

/** Measures how late this process's event loop is. */
export interface LoopLag {
  /** Worst lateness within the window, in milliseconds. */
  worstMs(): number;
  stop(): void;
}

/**
 * Starts measuring the event loop's lateness: a timer that fires late shows how long probes had to wait.
 *
 * @param windowMs how far back the worst case counts
 */
export function startLoopLag(windowMs: number): LoopLag {
  const samples: { atMs: number; lateMs: number }[] = [];
  let expectedAtMs = performance.now() + SAMPLE_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    samples.push({ atMs: nowMs, lateMs: Math.max(0, nowMs - expectedAtMs) });
    while (samples[0] !== undefined && nowMs - samples[0].atMs > windowMs) samples.shift();
    expectedAtMs = nowMs + SAMPLE_MS;
  }, SAMPLE_MS);
  timer.unref();
  return {
    worstMs: () => {
      // A stall that is still going on has not fired the timer yet.
      const running = Math.max(0, performance.now() - expectedAtMs);
      return samples.reduce((worst, sample) => Math.max(worst, sample.lateMs), running);
    },
    stop: () => clearInterval(timer),
  };
}
