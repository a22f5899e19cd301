import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { migrate } from "./migrate.ts";
import { readDatabaseError } from "./refusals.ts";
import * as schema from "./schema.ts";

/** The catalogue as drizzle sees it. */
export type Catalogue = DrizzleD1Database<typeof schema>;

/** A catalogue that does not answer within this time counts as dead, so that a switch does not wait for it. */
export const CATALOGUE_PATIENCE_MS = 3_000;

/** Whether this process has seen the catalogue at the latest schema. */
let migrated = false;

/**
 * Opens the catalogue, migrated. Only the first requests of a process pay for that; several at once do no harm.
 *
 * @param database the D1 binding
 * @returns the catalogue
 * @throws AppError catalogue-unavailable when it cannot be used
 */
export async function openCatalogue(database: D1Database): Promise<Catalogue> {
  if (!migrated) {
    await within(migrate(database));
    migrated = true;
  }
  return drizzle(database, { schema });
}

/**
 * Bounds a call to the catalogue and turns its failures into answers.
 *
 * @param call the call
 * @returns its result
 * @throws AppError already-exists or state-changed when a constraint refused it; catalogue-unavailable when it failed
 *   otherwise or took too long
 */
export async function within<T>(call: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer in ${CATALOGUE_PATIENCE_MS} ms`)),
      CATALOGUE_PATIENCE_MS,
    );
  });
  try {
    return await Promise.race([call, late]);
  } catch (error) {
    throw readDatabaseError(error);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}
