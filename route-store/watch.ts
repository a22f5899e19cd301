import type { StoreFailure, StoreWatch, WatchListener, WatchOptions } from "@evenkeel/contracts/route-store";
import { createDelivered } from "./find-gap.ts";
import { pause } from "./pause.ts";
import { readRange } from "./read-range.ts";
import { keepPolling } from "./watch-compare.ts";
import { followOnce, type Problem } from "./watch-follow.ts";
import { tell, tellConnected, type Watch, type WatchSource } from "./watch-state.ts";

/** Pauses between attempts: a store that is away is worth asking often, a refusal is for people to mend. */
const AWAY_PAUSE_MS = 250;
const FIRST_REFUSED_PAUSE_MS = 1000;
const LONGEST_REFUSED_PAUSE_MS = 10_000;

/**
 * Reads a prefix, then follows it from the next revision on, over restarts, until it is closed.
 *
 * @param source the store
 * @param prefix what to watch
 * @param listener who hears of it
 * @param options beats and poll
 * @returns the watch
 */
export function startWatch(
  source: WatchSource,
  prefix: string,
  listener: WatchListener,
  options: WatchOptions,
): StoreWatch {
  const stop = new AbortController();
  const watch: Watch = {
    source,
    prefix,
    listener,
    options,
    closing: AbortSignal.any([stop.signal, source.members.closing]),
    delivered: createDelivered(),
    clusterId: "",
    needsReading: true,
    stream: null,
    connected: null,
    leaving: null,
    failuresInRow: 0,
    silencesInRow: 0,
    beatsRefusedTold: false,
  };
  watch.closing.addEventListener("abort", () => watch.stream?.end({ why: "closed" }), { once: true });
  // Neither loop ever rejects in normal life; a broken invariant shall surface as an unhandled rejection.
  void keepWatching(watch);
  void keepPolling(watch);
  return { close: () => stop.abort() };
}

async function keepWatching(watch: Watch): Promise<void> {
  while (!watch.closing.aborted) {
    const problem = (await readIfNeeded(watch)) ?? (await followOnce(watch));
    if (watch.closing.aborted || problem === null) continue;
    if (problem.tell) tellConnected(watch, false, problem.failure);
    const pauseMs = pauseBeforeNext(problem.failure, watch.failuresInRow);
    watch.failuresInRow += 1;
    await pause(pauseMs, watch.closing);
  }
}

/**
 * How long to wait after a failure.
 *
 * @param problem the failure
 * @param failures how many came before it in a row
 * @returns milliseconds
 */
export function pauseBeforeNext(problem: StoreFailure, failures: number): number {
  if (problem.reason !== "unavailable") {
    return Math.min(FIRST_REFUSED_PAUSE_MS * 2 ** Math.min(failures, 10), LONGEST_REFUSED_PAUSE_MS);
  }
  // The first time another endpoint is asked at once; later the pauses are spread, so that a crowd does not come as one.
  return failures === 0 ? 0 : AWAY_PAUSE_MS * (0.5 + Math.random() / 2);
}

async function readIfNeeded(watch: Watch): Promise<Problem | null> {
  if (!watch.needsReading) return null;
  const result = await readRange(watch.source.ask, watch.prefix, true);
  if (watch.closing.aborted) return null;
  if (!result.ok) return { failure: result, tell: true };
  watch.needsReading = false;
  watch.clusterId = result.value.clusterId;
  watch.delivered.restart(result.value.reading);
  tell(watch, () => watch.listener.onReading(result.value.reading));
  return null;
}
