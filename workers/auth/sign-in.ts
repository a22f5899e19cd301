import type { Principal } from "@evenkeel/contracts/principal";
import type { Context } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import type { AppEnv } from "../app-env.ts";
import { sessions, type users } from "../db/schema.ts";
import { SESSION_COOKIE } from "./authenticate.ts";
import { mintSecret } from "./secrets.ts";

/** A session ends so long after it began, in milliseconds. */
export const SESSION_MS = 7 * 86_400_000;

/**
 * Prepares a session for a user. The cookie counts once the returned statement is stored.
 *
 * @param c the request
 * @param user who signs in
 * @returns the statement that stores the session, and the principal that it makes
 */
export async function prepareSession(
  c: Context<AppEnv>,
  user: Pick<typeof users.$inferSelect, "id" | "name" | "role">,
) {
  const secret = await mintSecret("session");
  const now = Date.now();
  const expiresAtMs = now + SESSION_MS;
  const row = { id: secret.id, userId: user.id, secretHash: secret.hash, createdAtMs: now, expiresAtMs };
  const principal: Principal = {
    kind: "session",
    id: secret.id,
    name: user.name,
    role: user.role,
    expiresAtMs,
    hash: secret.hash,
  };
  return { statement: c.get("catalogue").insert(sessions).values(row), principal, token: secret.token };
}

/**
 * Gives the browser its session.
 *
 * @param c the request
 * @param token the session's secret
 */
export function sendSessionCookie(c: Context<AppEnv>, token: string): void {
  setCookie(c, SESSION_COOKIE, token, {
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    secure: isHttps(c),
    maxAge: SESSION_MS / 1000,
  });
}

/**
 * Takes the session from the browser.
 *
 * @param c the request
 */
export function clearSessionCookie(c: Context<AppEnv>): void {
  deleteCookie(c, SESSION_COOKIE, { path: "/", secure: isHttps(c) });
}

function isHttps(c: Context<AppEnv>): boolean {
  return new URL(c.req.url).protocol === "https:" || c.req.header("x-forwarded-proto") === "https";
}
