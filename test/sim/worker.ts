import { parentPort } from "node:worker_threads";
import { renderFailure } from "./render-history.ts";
import { runHistory, shrink } from "./run-history.ts";

/** What a batch of histories came to. */
export interface BatchReport {
  readonly histories: number;
  readonly automatic: number;
  readonly changes: number;
  readonly faults: number;
  /** Failing histories, made smaller and rendered. */
  readonly failures: readonly string[];
}

parentPort?.on("message", (batch: { from: number; many: number }) => void work(batch));

async function work(batch: { from: number; many: number }): Promise<void> {
  const sum = { histories: 0, automatic: 0, changes: 0, faults: 0 };
  const failures: string[] = [];
  for (let seed = batch.from; seed < batch.from + batch.many; seed += 1) {
    const history = await runHistory(seed);
    sum.histories += 1;
    sum.automatic += history.automatic;
    sum.changes += history.changes;
    sum.faults += history.faults;
    if (history.violations.length > 0) failures.push(renderFailure(await shrink(history)));
  }
  const report: BatchReport = { ...sum, failures };
  parentPort?.postMessage(report);
}
