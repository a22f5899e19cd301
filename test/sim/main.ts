import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { hunt } from "./hunt-mutants.ts";
import { renderFailure, runHistory, shrink } from "./run-history.ts";
import type { BatchReport } from "./worker.ts";

const BATCH = 100;
const FAILURES_SHOWN = 5;
const USAGE = "npm run sim -- [--seed S | --runs N [--from S] | --minutes N | --mutants [id …]]";
const say = (line: string) => process.stdout.write(`${line}\n`);

/** What many histories came to. */
export interface Tally {
  histories: number;
  automatic: number;
  changes: number;
  faults: number;
  readonly failures: string[];
}

/**
 * Runs histories on all cores.
 *
 * @param from first seed
 * @param isOver asked before each batch of histories
 * @returns the tally
 */
export async function runMany(from: number, isOver: (done: number) => boolean): Promise<Tally> {
  const tally: Tally = { histories: 0, automatic: 0, changes: 0, faults: 0, failures: [] };
  let given = 0;
  const serve = async () => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url));
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
  await Promise.all(Array.from({ length: availableParallelism() }, serve));
  return tally;
}

async function replay(seed: number): Promise<number> {
  const history = await runHistory(seed);
  const isGood = history.violations.length === 0;
  say(renderFailure(isGood ? history : await shrink(history)));
  say(isGood ? `no rule was broken; ${history.automatic} automatic switches` : "a rule was broken");
  return isGood ? 0 : 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: "string" },
      runs: { type: "string" },
      from: { type: "string", default: "1" },
      minutes: { type: "string" },
      mutants: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    say(USAGE);
    return 0;
  }
  if (values.mutants) return hunt(say, positionals);
  if (values.seed !== undefined) return replay(Number(values.seed));
  const startedAtMs = performance.now();
  const untilMs = startedAtMs + Number(values.minutes ?? 0) * 60_000;
  const runs = Number(values.runs ?? 1000);
  const from = values.minutes === undefined ? Number(values.from) : Date.now() % 1_000_000_000;
  const isOver = (done: number) =>
    values.minutes === undefined ? done >= runs : performance.now() > untilMs;
  const tally = await runMany(from, isOver);
  const tookS = (performance.now() - startedAtMs) / 1000;
  for (const failure of tally.failures.slice(0, FAILURES_SHOWN)) say(failure);
  const { histories, automatic, changes, faults, failures } = tally;
  say(
    `${histories} histories in ${tookS.toFixed(1)} s (${Math.round(histories / tookS)}/s): ${changes} changes of routes, ` +
      `${automatic} of them automatic switches, ${faults} faults, ${failures.length} failures`,
  );
  return failures.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
