import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MUTANTS, type Mutant } from "./mutants.ts";

/** The mutant that the environment variable EVENKEEL_MUTANT names; null: it names none. */
export function findMutant(): Mutant | null {
  return MUTANTS.find((mutant) => mutant.id === process.env.EVENKEEL_MUTANT) ?? null;
}

/** The file that a mutant changes, as an absolute path. */
export function mutantPath(mutant: Mutant): string {
  return fileURLToPath(new URL(`../../${mutant.file}`, import.meta.url));
}

/**
 * Tells whether a mutant's text still occurs exactly once in its file.
 *
 * @param mutant the mutant
 */
export function isApplicable(mutant: Mutant): boolean {
  return readFileSync(mutantPath(mutant), "utf8").split(mutant.find).length === 2;
}
