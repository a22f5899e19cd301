import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isApplicable, NO_MUTANT } from "./find-mutant.ts";
import { MUTANTS, type Mutant } from "./mutants.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** A mutant that so many histories do not notice is given to the core's own tests. */
const RUNS_MAX = 600;
/** A child process that takes longer than this has come to hang by its mutant, in milliseconds. */
const CHILD_MAX_MS = 300_000;
const WORDS_SHOWN = 140;
/** Words of an error that comes of a mutant which is no sound program. */
const INVALID = /CRASH.*(ReferenceError|SyntaxError)/;

/** How a mutant was caught; null: it survived. */
export type Catch = { readonly by: "simulator" | "tests"; readonly words: string } | null;

async function simulate(id: string, runs: number): Promise<Catch> {
  const args = ["--import", "./test/sim/mutate.ts", "test/sim/catch.ts", String(runs)];
  const env = { ...process.env, EVENKEEL_MUTANT: id };
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, env, timeout: CHILD_MAX_MS });
  const found: { runs: number; words: string } | null = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  if (found === null) return null;
  // A mutant that is no program is caught by nobody.
  if (INVALID.test(found.words)) throw new Error(`${id} does not run: ${found.words}`);
  return { by: "simulator", words: `in history ${found.runs}: ${found.words.slice(0, WORDS_SHOWN)}` };
}

async function test(id: string): Promise<Catch> {
  const args = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/sim/mutants.vitest.config.ts"];
  const env = { ...process.env, EVENKEEL_MUTANT: id, NO_COLOR: "1" };
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
 * @param id the mutant
 * @param runs histories that the simulator may run
 */
export async function huntOne(id: string, runs: number = RUNS_MAX): Promise<Catch> {
  const caught = (await simulate(id, runs)) ?? (await test(id));
  return caught?.by === "tests" ? { ...caught, words: `after ${runs} histories: ${caught.words}` } : caught;
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
  // Whoever finds something in sound sources would catch every mutant.
  const alarm = await huntOne(NO_MUTANT);
  if (alarm !== null) {
    say(`the sources are not sound before anything is changed: ${alarm.words}`);
    return 1;
  }
  const queue = [...hunted];
  const free: string[] = [];
  const serve = async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const words = await judge(mutant);
      if (!words.startsWith("caught")) free.push(mutant.id);
      say(`${mutant.id}: ${words}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, serve));
  say(`${hunted.length - free.length} of ${hunted.length} mutants were caught`);
  if (free.length > 0) say(`at large: ${free.join(", ")}`);
  return free.length === 0 ? 0 : 1;
}

async function judge(mutant: Mutant): Promise<string> {
  if (!isApplicable(mutant)) return "its text does not occur exactly once any more";
  try {
    const caught = await huntOne(mutant.id);
    return caught === null ? "SURVIVED" : `caught by the ${caught.by} ${caught.words}`;
  } catch (error) {
    return `could not be hunted: ${error instanceof Error ? error.message.slice(0, WORDS_SHOWN) : String(error)}`;
  }
}
