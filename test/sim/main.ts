import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { hunt } from "./hunt-mutants.ts";
import { renderTrace } from "./render-history.ts";
import { runHistory, shrink } from "./run-history.ts";
import { runMany } from "./run-many.ts";
import type { World } from "./world.ts";

/** Histories of a run without a number. */
const RUNS = 1000;
const FAILURES_SHOWN = 5;
/** Fresh seeds begin somewhere below this. */
const SEEDS = 1_000_000_000;
const USAGE = `npm run sim -- [--seed S | --runs N [--from S] | --minutes N | --mutants [id …]]

  --seed S        runs the history of seed S; a failing one is made smaller first
  --runs N        runs N histories (${RUNS}), from seed S (1)
  --minutes N     goes on with fresh seeds for N minutes
  --mutants       changes the sources in many small ways, and says who notices each`;
const say = (line: string) => process.stdout.write(`${line}\n`);

async function replay(seed: number): Promise<number> {
  const history = await runHistory(seed);
  const isGood = history.violations.length === 0;
  const told = isGood ? history : await shrink(history);
  // The same script makes the same history: this time its world is looked at.
  const worlds: World[] = [];
  await runHistory(seed, told.script, (world) => worlds.push(world));
  say(renderTrace(told, worlds[0]?.trace ?? []));
  say(isGood ? `no rule was broken; ${history.automatic} automatic switches` : "a rule was broken");
  return isGood ? 0 : 1;
}

async function runSeeds(from: number, runs: number, minutes: number | null): Promise<number> {
  const startedAtMs = performance.now();
  const untilMs = startedAtMs + (minutes ?? 0) * 60_000;
  const isOver = (given: number) => (minutes === null ? given >= runs : performance.now() > untilMs);
  const tally = await runMany({ from, workers: availableParallelism(), isOver });
  const tookS = (performance.now() - startedAtMs) / 1000;
  const { histories, automatic, changes, faults, failures } = tally;
  for (const failure of failures.slice(0, FAILURES_SHOWN)) say(failure);
  say(
    `${histories} histories from seed ${from} in ${tookS.toFixed(1)} s (${Math.round(histories / tookS)}/s): ` +
      `${changes} changes of routes, ${automatic} of them automatic switches, ${faults} faults, ${failures.length} failures`,
  );
  return failures.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: "string" },
      runs: { type: "string", default: String(RUNS) },
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
  if (values.seed !== undefined) return replay(readNumber("seed", values.seed));
  if (values.minutes === undefined)
    return runSeeds(readNumber("from", values.from), readNumber("runs", values.runs), null);
  return runSeeds(Date.now() % SEEDS, 0, readNumber("minutes", values.minutes));
}

function readNumber(name: string, text: string): number {
  const read = Number(text);
  if (!Number.isFinite(read) || read < 0 || text === "")
    throw new Error(`--${name} takes a number, not "${text}"`);
  return read;
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    say(error instanceof Error ? `${error.message}\n\n${USAGE}` : String(error));
    process.exitCode = 2;
  }
}
