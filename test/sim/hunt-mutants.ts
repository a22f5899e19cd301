import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MUTANTS, type Mutant } from "./mutants.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** A mutant that survives so many histories counts as not caught. */
const RUNS_MAX = 1500;
const AT_ONCE = 2;

/**
 * Tells whether a mutant's text still occurs exactly once in its file.
 *
 * @param mutant the mutant
 */
export function isApplicable(mutant: Mutant): boolean {
  return readFileSync(`${ROOT}${mutant.file}`, "utf8").split(mutant.find).length === 2;
}

async function hunt1(mutant: Mutant): Promise<string | null> {
  const args = ["--import", "./test/sim/mutate.ts", "test/sim/catch.ts", String(RUNS_MAX)];
  const env = { ...process.env, EVENKEEL_MUTANT: mutant.id };
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, env });
  const caught = JSON.parse(stdout.trim().split("\n").at(-1) ?? "null") as {
    runs: number;
    words: string;
  } | null;
  return caught === null ? null : `by history ${caught.runs}: ${caught.words.slice(0, 120)}`;
}

/**
 * Hunts all mutants and says who caught each.
 *
 * @param say prints a line
 * @returns exit code: 1 if one survived or does not apply any more
 */
export async function hunt(say: (line: string) => void): Promise<number> {
  const queue = [...MUTANTS];
  let survived = 0;
  const serve = async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const how = isApplicable(mutant) ? await hunt1(mutant) : null;
      if (how === null) survived += 1;
      say(
        `${mutant.id}: ${how === null ? (isApplicable(mutant) ? "SURVIVED" : "NOT FOUND ONCE") : `caught ${how}`}`,
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, serve));
  say(`${MUTANTS.length - survived} of ${MUTANTS.length} mutants were caught`);
  return survived === 0 ? 0 : 1;
}
