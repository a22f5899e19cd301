import { AppError } from "@evenkeel/contracts/errors";
import { eq, inArray, lt, sql } from "drizzle-orm";
import type { Catalogue } from "../db/open.ts";
import { within } from "../db/open.ts";
import { loginAttempts } from "../db/schema.ts";

/** Failed logins are counted in windows of this length, in milliseconds. */
export const THROTTLE_WINDOW_MS = 300_000;
/** Attempts with one name from one source in a window: somebody else's guessing locks nobody out. */
export const ATTEMPTS_PER_PAIR = 10;
/** Attempts with one name from everywhere in a window: sources can be many, or made up. */
export const ATTEMPTS_PER_NAME = 100;
/** Attempts from one source in a window. */
export const ATTEMPTS_PER_SOURCE = 50;
/** Rows of the table of attempts; while it is full, names and sources that are not in it are turned away. */
export const ATTEMPTS_TABLE_MAX = 10_000;

/**
 * Counts an attempt to sign in, before the password is looked at, and refuses too many of them.
 *
 * @param catalogue the catalogue
 * @param name name that was sent
 * @param source where the request comes from
 * @throws AppError too-many-requests
 */
export async function countAttempt(catalogue: Catalogue, name: string, source: string): Promise<void> {
  const now = Date.now();
  const [used] = await within(
    catalogue.batch([
      catalogue.select({ rows: sql<number>`count(*)` }).from(loginAttempts),
      catalogue.delete(loginAttempts).where(lt(loginAttempts.windowStartMs, now - THROTTLE_WINDOW_MS)),
    ]),
  );
  if ((used[0]?.rows ?? 0) >= ATTEMPTS_TABLE_MAX) throw tooMany();
  const [pair, byName, bySource] = await within(
    catalogue.batch([
      count(catalogue, pairKey(name, source), now),
      count(catalogue, `name ${name}`, now),
      count(catalogue, `source ${source}`, now),
    ]),
  );
  const isOver = (rows: readonly { readonly failures: number }[], max: number) =>
    (rows[0]?.failures ?? 0) > max;
  const limits = [
    isOver(pair, ATTEMPTS_PER_PAIR),
    isOver(byName, ATTEMPTS_PER_NAME),
    isOver(bySource, ATTEMPTS_PER_SOURCE),
  ];
  if (limits.includes(true)) throw tooMany();
}

/**
 * Forgets the attempts of a name that has signed in.
 *
 * @param catalogue the catalogue
 * @param name the name
 * @param source where the request came from
 */
export async function forgiveAttempts(catalogue: Catalogue, name: string, source: string): Promise<void> {
  const keys = [pairKey(name, source), `name ${name}`, `source ${source}`];
  await within(catalogue.delete(loginAttempts).where(inArray(loginAttempts.key, keys)));
}

function count(catalogue: Catalogue, key: string, now: number) {
  return catalogue
    .insert(loginAttempts)
    .values({ key, failures: 1, windowStartMs: now })
    .onConflictDoUpdate({
      target: loginAttempts.key,
      set: { failures: sql`${loginAttempts.failures} + 1` },
      setWhere: eq(loginAttempts.key, key),
    })
    .returning({ failures: loginAttempts.failures });
}

function pairKey(name: string, source: string): string {
  return `pair ${JSON.stringify([name, source])}`;
}

function tooMany(): AppError {
  const minutes = THROTTLE_WINDOW_MS / 60_000;
  return new AppError("too-many-requests", `Too many attempts to sign in; try again in ${minutes} minutes`);
}
