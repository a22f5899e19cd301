import { pause } from "./pause.ts";
import { readRange } from "./read-range.ts";
import type { Watch } from "./watch-state.ts";

const DEFAULT_POLL_MS = 5000;
/** The poll's answer may overtake an event on its way: what is missing is counted again after this. */
const GAP_GRACE_MS = 300;
/**
 * Compares from time to time, for as long as the watch lives.
 *
 * @param watch the watch
 */
export async function keepPolling(watch: Watch): Promise<void> {
  const pollMs = watch.options.pollMs ?? DEFAULT_POLL_MS;
  while (!watch.closing.aborted) {
    await pause(pollMs * (0.9 + Math.random() / 5), watch.closing);
    await compareOnce(watch);
  }
}

/**
 * Compares a reading with what was delivered; a difference that stays makes the watch read anew.
 *
 * @param watch the watch
 */
export async function compareOnce(watch: Watch): Promise<void> {
  if (watch.closing.aborted || watch.needsReading) return;
  // A linearizable reading cannot be older than what had been delivered before it began.
  const deliveredBefore = watch.delivered.revision();
  const result = await readRange(watch.source.ask, watch.prefix, true);
  // A store that does not answer now is no gap; the watch itself and the next poll will tell.
  if (!result.ok || watch.needsReading || watch.closing.aborted) return;
  const { reading, clusterId } = result.value;
  if (clusterId !== watch.clusterId || reading.revision < deliveredBefore) {
    readAnew(watch, "the store's history was replaced");
    return;
  }
  if (watch.delivered.countMissing(reading) === 0) return;
  await pause(GAP_GRACE_MS, watch.closing);
  if (watch.closing.aborted || watch.needsReading) return;
  const keys = watch.delivered.countMissing(reading);
  if (keys === 0) return;
  watch.source.members.onEvent({ type: "gap-repaired", prefix: watch.prefix, keys });
  readAnew(watch, `the watch had not delivered ${keys} changed keys`);
}

function readAnew(watch: Watch, why: string): void {
  watch.needsReading = true;
  watch.stream?.end({ why: "reread", message: why });
}
