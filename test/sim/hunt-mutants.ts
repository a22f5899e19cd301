import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isApplicable } from "./find-mutant.ts";
import { MUTANTS, type Mutant } from "./mutants.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** A mutant that so many histories do not notice is given to the core's own tests. */
const RUNS_MAX = 600;
/** A child process that takes longer than this has come to hang by its mutant, in milliseconds. */
const CHILD_MAX_MS = 120_000;
const WORDS_SHOWN = 140;

/** How a mutant was caught; null: it survived. */
export type Catch = { readonly by: "simulator" | "tests"; readonly words: string } | null;

async function simulate(mutant: Mutant, runs: number): Promise<Catch> {
  const args = ["--import", "./test/sim/mutate.ts", "test/sim/catch.ts", String(runs)];
  const env = { ...process.env, EVENKEEL_MUTANT: mutant.id };
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, env, timeout: CHILD_MAX_MS });
  const found: { runs: number; words: string } | null = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  if (found === null) return null;
  return { by: "simulator", words: `history ${found.runs}: ${found.words.slice(0, WORDS_SHOWN)}` };
}

async function test(mutant: Mutant): Promise<Catch> {
  const args = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/sim/mutants.vitest.config.ts"];
  const env = { ...process.env, EVENKEEL_MUTANT: mutant.id, NO_COLOR: "1" };
  try {
    await run(process.execPath, args, { cwd: ROOT, env, timeout: CHILD_MAX_MS });
    return null;
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    const failed = output.split("\n").find((line) => line.includes("FAIL ")) ?? "";
    // Anything but a failing test is a mistake of the hunt, and no catch.
    if (failed === "") throw error;
    return { by: "tests", words: failed.replace(/^.*FAIL\s+/, "").slice(0, WORDS_SHOWN) };
  }
}

/**
 * Hunts one mutant: the simulator first, then the core's own tests.
 *
 * @param mutant the mutant
 * @param runs histories that the simulator may run
 */
export async function huntOne(mutant: Mutant, runs: number = RUNS_MAX): Promise<Catch> {
  return (await simulate(mutant, runs)) ?? (await test(mutant));
}

/**
 * Hunts mutants and says who caught each.
 *
 * @param say prints a line
 * @param only ids; empty: all
 * @returns exit code: 1 if one survived or does not apply any more
 */
export async function hunt(say: (line: string) => void, only: readonly string[]): Promise<number> {
  const hunted = MUTANTS.filter((mutant) => only.length === 0 || only.includes(mutant.id));
  const queue = [...hunted];
  let free = 0;
  const serve = async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const applies = isApplicable(mutant);
      const caught = applies ? await huntOne(mutant) : null;
      if (caught === null) free += 1;
      const words = caught === null ? "SURVIVED" : `caught by the ${caught.by}, ${caught.words}`;
      say(`${mutant.id}: ${applies ? words : "its text does not occur exactly once any more"}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, serve));
  say(`${hunted.length - free} of ${hunted.length} mutants were caught`);
  return free === 0 ? 0 : 1;
}
