import { runHistory } from "./run-history.ts";

/** Runs histories until one fails; prints which, and the rule, as JSON. Part of the hunt for mutants. */
const RUNS_MAX = Number(process.argv[2]);
let caught: { runs: number; words: string } | null = null;
for (let seed = 1; seed <= RUNS_MAX && caught === null; seed += 1) {
  const { violations } = await runHistory(seed);
  if (violations[0] !== undefined) caught = { runs: seed, words: violations[0].split("\n")[0] ?? "" };
}
process.stdout.write(`${JSON.stringify(caught)}\n`);
