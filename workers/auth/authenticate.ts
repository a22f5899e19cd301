import { AppError } from "@evenkeel/contracts/errors";
import type { Principal } from "@evenkeel/contracts/principal";
import { and, eq, gt, isNull, or } from "drizzle-orm";
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";
import { type Catalogue, openCatalogue, within } from "../db/open.ts";
import { apiTokens, sessions, users } from "../db/schema.ts";
import { openInstance } from "../environment.ts";
import { listRolesFor, mayDo, type Permission } from "./roles.ts";
import { checkSameOrigin } from "./same-origin.ts";
import { type PresentedSecret, readSecret } from "./secrets.ts";

/** Cookie of a signed-in browser. */
export const SESSION_COOKIE = "evk_session";

/** The outcome of authentication; `principal` null: the catalogue is dead, so only an Instance may know them. */
export interface Identity {
  readonly secret: PresentedSecret;
  readonly principal: Principal | null;
}

/**
 * Authenticates by API token or session cookie. A dead catalogue is not a refusal yet: routes of an Instance ask it.
 */
export const authenticate = createMiddleware<AppEnv>(async (c, next) => {
  // Paths of routers overlap, so that this may come twice; once is enough.
  if (c.get("identity") !== undefined) return next();
  const { token, byCookie } = readCredential(c);
  if (byCookie) checkSameOrigin(c.req.raw);
  const secret = token === undefined ? null : await readSecret(token);
  if (secret === null || (secret.kind !== "token" && secret.kind !== "session")) throw refuseUnknown();
  c.set("identity", { secret, principal: await findPrincipal(c, secret) });
  return next();
});

/**
 * Lets only callers pass whose role grants the permission; needs the catalogue.
 *
 * @param permission what the request does
 */
export function may(permission: Permission) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const { principal } = c.get("identity");
    if (principal === null) throw catalogueIsDead();
    checkRole(principal, permission);
    await next();
  });
}

/**
 * Finds who asks on a route of one Instance: by the catalogue, else by what that Instance remembers of them, so that a
 * dead catalogue is no dead button.
 *
 * @param c the request
 * @param instanceId id of the instance
 * @param permission what the request does
 * @returns the caller
 * @throws AppError forbidden, or catalogue-unavailable when nobody knows the caller
 */
export async function recognise(
  c: Context<AppEnv>,
  instanceId: string,
  permission: Permission,
): Promise<Principal> {
  const { principal, secret } = c.get("identity");
  const instance = openInstance(c.env, instanceId);
  const known = principal ?? (await instance.recognise(secret.hash));
  if (known === null) throw catalogueIsDead();
  checkRole(known, permission);
  // Not awaited: a caller that the catalogue vouched for need not wait until the Instance has learnt it.
  if (principal !== null) c.executionCtx.waitUntil(instance.remember(principal));
  return known;
}

/**
 * The caller of a route that is behind `may`.
 *
 * @param c the request
 * @returns the caller
 * @throws AppError catalogue-unavailable, if the route is not behind `may`
 */
export function getPrincipal(c: Context<AppEnv>): Principal {
  const { principal } = c.get("identity");
  if (principal === null) throw catalogueIsDead();
  return principal;
}

function checkRole(principal: Principal, permission: Permission): void {
  if (mayDo(principal.role, permission)) return;
  const needed = listRolesFor(permission).join(" or ");
  throw new AppError("forbidden", `This takes the role ${needed}; ${principal.name} has ${principal.role}`);
}

function readCredential(c: Context<AppEnv>): { token: string | undefined; byCookie: boolean } {
  const header = c.req.header("authorization");
  if (header !== undefined) return { token: /^Bearer\s+(\S+)$/i.exec(header)?.[1], byCookie: false };
  const cookie = getCookie(c, SESSION_COOKIE);
  return { token: cookie, byCookie: cookie !== undefined };
}

async function findPrincipal(c: Context<AppEnv>, secret: PresentedSecret): Promise<Principal | null> {
  let found: Principal | null;
  try {
    const catalogue = await openCatalogue(c.env.DB);
    found = await within(
      secret.kind === "token" ? findToken(catalogue, secret) : findSession(catalogue, secret),
    );
  } catch (error) {
    if (error instanceof AppError && error.code === "catalogue-unavailable") return null;
    throw error;
  }
  if (found === null) throw refuseUnknown();
  return found;
}

async function findToken(catalogue: Catalogue, secret: PresentedSecret): Promise<Principal | null> {
  const alive = or(isNull(apiTokens.expiresAtMs), gt(apiTokens.expiresAtMs, Date.now()));
  const row = await catalogue
    .select()
    .from(apiTokens)
    .where(and(eq(apiTokens.secretHash, secret.hash), alive))
    .get();
  if (row === undefined) return null;
  const { id, name, role, expiresAtMs } = row;
  return { kind: "token", id, name, role, expiresAtMs, hash: secret.hash };
}

async function findSession(catalogue: Catalogue, secret: PresentedSecret): Promise<Principal | null> {
  const row = await catalogue
    .select({ id: sessions.id, name: users.name, role: users.role, expiresAtMs: sessions.expiresAtMs })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.secretHash, secret.hash), gt(sessions.expiresAtMs, Date.now())))
    .get();
  return row === undefined ? null : { kind: "session", ...row, hash: secret.hash };
}

function refuseUnknown(): AppError {
  return new AppError("unauthenticated", "Sign in, or send a valid API token as `Authorization: Bearer …`");
}

function catalogueIsDead(): AppError {
  return new AppError(
    "catalogue-unavailable",
    "The catalogue (D1) does not work at present and nobody else knows this caller; switches work for callers that the instance knows",
  );
}
