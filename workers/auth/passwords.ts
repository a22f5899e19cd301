import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { AppError } from "@evenkeel/contracts/errors";

/** Cost of a password hash: 16 MiB and some 50 ms, one of the sets that OWASP's password storage sheet lists. */
const COST = { N: 16_384, r: 8, p: 5 } as const;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** Time kept free for each hash: the Worker may share its thread with every Instance, which must not wait for logins. */
const SPACING_MS = 400;
/** Longest wait for a free place; more are turned away. */
const WAIT_MAX_MS = 4_000;

/**
 * When the next hash may begin. A time and not a queue of promises: a promise belongs to the request that made it, and
 * would keep all others waiting for ever if that request were cancelled.
 */
let nextStartMs = 0;

/**
 * Hashes a password for keeping.
 *
 * @param password the password
 * @returns `scrypt$N$r$p$salt$key`, the last two in base64url
 * @throws AppError too-many-requests when too many are waiting
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await inTurn(() => derive(password, salt));
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/**
 * Checks a password. Without a stored hash the same work is done, so that the time does not tell which names exist.
 *
 * @param password the password that was sent
 * @param stored what `hashPassword` made; null: there is no such user
 * @returns true if it is the password
 * @throws AppError too-many-requests when too many are waiting
 */
export async function isPassword(password: string, stored: string | null): Promise<boolean> {
  const [, , , , salt = "", key = ""] = stored?.split("$") ?? [];
  const derived = await inTurn(() => derive(password, Buffer.from(salt, "base64url")));
  const expected = Buffer.from(key, "base64url");
  return stored !== null && expected.length === derived.length && timingSafeEqual(expected, derived);
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, KEY_BYTES, COST, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const now = Date.now();
  const startMs = Math.max(now, nextStartMs);
  if (startMs - now > WAIT_MAX_MS) {
    throw new AppError(
      "too-many-requests",
      "Too many people sign in at this moment; try again in a few seconds",
    );
  }
  nextStartMs = startMs + SPACING_MS;
  await new Promise((resolve) => setTimeout(resolve, startMs - now));
  return work();
}
