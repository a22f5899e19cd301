import { AppError } from "@evenkeel/contracts/errors";
import { eq } from "drizzle-orm";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./app-env.ts";
import { openCatalogue, within } from "./db/open.ts";
import { instances } from "./db/schema.ts";

/** Opens the catalogue for the handlers behind it. */
export const withCatalogue = createMiddleware<AppEnv>(async (c, next) => {
  c.set("catalogue", await openCatalogue(c.env.DB));
  await next();
});

/** Looks up the instance that the path names; for routers mounted under `/instances/:instanceId`. */
export const withInstance = createMiddleware<AppEnv>(async (c, next) => {
  const id = readParam(c, "instanceId");
  const row = await within(c.get("catalogue").select().from(instances).where(eq(instances.id, id)).get());
  if (row === undefined) throw notFound("instance", id);
  c.set("instance", row);
  await next();
});

/**
 * Reads a part of the path.
 *
 * @param c the request
 * @param name name of the part
 * @returns its value
 * @throws AppError internal, if the router is mounted under a path without that part
 */
export function readParam(c: Context<AppEnv>, name: string): string {
  const value = c.req.param(name);
  if (value === undefined) throw new AppError("internal", `The path has no ${name}`);
  return value;
}

/**
 * The answer to a path that names nothing.
 *
 * @param what kind of thing
 * @param id what the path said; repeated only if it looks like an id
 * @returns the error to throw
 */
export function notFound(what: string, id: string): AppError {
  const shown = /^[a-z]{2,4}_[a-z0-9]{1,40}$/.test(id) ? ` ${id}` : " of this id";
  return new AppError("not-found", `There is no ${what}${shown}`);
}

/**
 * Refuses what would go beyond a quota.
 *
 * @param quota its name
 * @param max how many there may be
 * @param used how many there are
 * @throws AppError quota-exceeded naming the quota and its use
 */
export function checkQuota(quota: string, max: number, used: number): void {
  if (used < max) return;
  throw new AppError("quota-exceeded", `The quota ${quota} is used up: ${used} of ${max}`, {
    quota,
    max,
    used,
  });
}

/**
 * Refuses a deletion while something depends on what is deleted.
 *
 * @param what what is to be deleted
 * @param dependents names of the dependents by kind
 * @throws AppError in-use naming them
 */
export function checkUnused(what: string, dependents: Readonly<Record<string, readonly string[]>>): void {
  const used = Object.entries(dependents).filter(([, names]) => names.length > 0);
  if (used.length === 0) return;
  const list = used
    .map(([kind, names]) => `${kind} ${names.slice(0, DEPENDENTS_SHOWN).join(", ")}`)
    .join("; ");
  throw new AppError("in-use", `${what} is still used by ${list}`, { dependents: Object.fromEntries(used) });
}

const DEPENDENTS_SHOWN = 10;
