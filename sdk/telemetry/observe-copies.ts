import type { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { type BatchObservableCallback, metrics } from "@opentelemetry/api";
import type { CopyStatus } from "../double-write/copy-status.ts";
import { VERSION } from "../version.ts";

const SCOPE = "@evenkeel/sdk";

/** What happened to copies, by the word that the metric carries. */
const OUTCOMES = ["sent", "failed", "uncertain", "discarded", "dropped", "refused"] as const;

/**
 * Tells OpenTelemetry how the copies of a data source stand; read when somebody collects.
 *
 * @param config the source's
 * @param read gives the present status
 * @returns a function that ends it
 */
export function observeCopies(
  config: Pick<SdkConfig, "props">,
  read: () => readonly CopyStatus[],
): () => void {
  const meter = metrics.getMeter(SCOPE, VERSION);
  const gauge = (name: string, description: string) => meter.createObservableGauge(name, { description });
  const queued = gauge("evenkeel.copies.queued", "Writes that wait for being copied");
  const unanswered = gauge("evenkeel.copies.unanswered", "Writes whose copies are still to come");
  const bytes = gauge("evenkeel.copies.bytes", "Bytes that wait for being copied");
  const age = gauge("evenkeel.copies.oldest_age_ms", "Age of the oldest write that waits, ms");
  const diverged = gauge("evenkeel.copies.diverged", "Whether copies are known to be missing");
  const outcomes = meter.createObservableCounter("evenkeel.copies.outcomes", {
    description: "What became of copies, and how many writes were refused for their sake",
  });
  const collect: BatchObservableCallback = (result) => {
    for (const status of read()) {
      const there = {
        "evenkeel.application": config.props.appId,
        "evenkeel.monitor": config.props.monitorId,
        "evenkeel.data_centre": status.dataCentre,
      };
      result.observe(queued, status.queued, there);
      result.observe(unanswered, status.unanswered, there);
      result.observe(bytes, status.bytes, there);
      result.observe(age, status.oldestAgeMs, there);
      result.observe(diverged, status.diverged ? 1 : 0, there);
      for (const outcome of OUTCOMES)
        result.observe(outcomes, status[outcome], { ...there, "evenkeel.outcome": outcome });
    }
  };
  const observables = [queued, unanswered, bytes, age, diverged, outcomes];
  meter.addBatchObservableCallback(collect, observables);
  return () => meter.removeBatchObservableCallback(collect, observables);
}
