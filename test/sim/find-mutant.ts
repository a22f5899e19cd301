import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Edit, MUTANTS, type Mutant } from "./mutants.ts";

/** Names no mutant: the sources as they are. */
export const NO_MUTANT = "none";

/**
 * The mutant that the environment variable EVENKEEL_MUTANT names.
 *
 * @returns null for NO_MUTANT
 * @throws Error if there is no such mutant
 */
export function findMutant(): Mutant | null {
  const id = process.env.EVENKEEL_MUTANT ?? NO_MUTANT;
  const found = MUTANTS.find((mutant) => mutant.id === id);
  if (found === undefined && id !== NO_MUTANT) throw new Error(`there is no mutant ${id}`);
  return found ?? null;
}

/** One change of a mutant, with the file as an absolute path. */
interface AppliedEdit {
  readonly path: string;
  readonly edit: Edit;
}

/** What a mutant changes. */
export function listEdits(mutant: Mutant): AppliedEdit[] {
  return [mutant, ...(mutant.also ?? [])].map((edit) => ({
    path: fileURLToPath(new URL(`../../${edit.file}`, import.meta.url)),
    edit,
  }));
}

/**
 * Changes a source.
 *
 * @param path the source's file
 * @param source its text
 * @param mutant what is changed; null: nothing
 * @returns null if nothing changes
 */
export function mutateSource(path: string, source: string, mutant: Mutant | null): string | null {
  if (mutant === null) return null;
  const edits = listEdits(mutant).filter((one) => one.path === path);
  if (edits.length === 0) return null;
  return edits.reduce((text, { edit }) => text.replace(edit.find, () => edit.replace), source);
}

/**
 * Tells whether a mutant's texts still occur exactly once in their files.
 *
 * @param mutant the mutant
 */
export function isApplicable(mutant: Mutant): boolean {
  return listEdits(mutant).every(
    ({ path, edit }) =>
      readFileSync(path, "utf8").split(edit.find).length === 2 && edit.find !== edit.replace,
  );
}
