import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { BatchReport } from "./worker.ts";

/** Histories that a worker runs before it reports. */
const BATCH = 50;
/** Histories leave little behind: with room for many young objects a tenth of the time is saved. */
const YOUNG_MB = 96;

/** What many histories came to. */
export interface Tally {
  histories: number;
  automatic: number;
  changes: number;
  faults: number;
  /** Failing histories, made smaller and rendered. */
  readonly failures: string[];
}

/** What is to be run. */
export interface Many {
  /** First seed. */
  readonly from: number;
  /** Worker threads. */
  readonly workers: number;
  /** Asked before each batch of histories. @param given histories that were given out so far */
  readonly isOver: (given: number) => boolean;
}

/**
 * Runs histories with fresh seeds on worker threads.
 *
 * @param many what is to be run
 * @returns what they came to
 */
export async function runMany({ from, workers, isOver }: Many): Promise<Tally> {
  const tally: Tally = { histories: 0, automatic: 0, changes: 0, faults: 0, failures: [] };
  let given = 0;
  const serve = async () => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    try {
      while (!isOver(given)) {
        const batch = { from: from + given, many: BATCH };
        given += BATCH;
        worker.postMessage(batch);
        // `once` of the events module takes its own listeners away and fails with the worker's error.
        const [report]: BatchReport[] = await once(worker, "message");
        if (report === undefined) throw new Error("a worker answered nothing");
        for (const key of ["histories", "automatic", "changes", "faults"] as const) tally[key] += report[key];
        tally.failures.push(...report.failures);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: workers }, serve));
  return tally;
}
