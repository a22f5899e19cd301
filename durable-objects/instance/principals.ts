import { Principal } from "@evenkeel/contracts/principal";

/** Callers that an Instance remembers; the ones learnt longest ago go first. */
export const PRINCIPALS_MAX = 500;
/** The catalogue must have vouched for a caller within this time, in milliseconds: a day bridges an outage of it. */
export const PRINCIPAL_TRUST_MS = 86_400_000;
/** What is remembered is renewed at most this often, so that not every request writes. */
const RENEW_MS = 600_000;

/**
 * Remembers a caller for whom the catalogue vouched.
 *
 * @param sql the object's database
 * @param principal the caller
 * @param now control plane's clock in ms
 */
export function rememberPrincipal(sql: SqlStorage, principal: Principal, now: number): void {
  const body = JSON.stringify(principal);
  const [known] = sql
    .exec<{ body: string; at: number }>(
      "select body, learnt_at_ms as at from principals where hash = ?",
      principal.hash,
    )
    .toArray();
  if (known !== undefined && known.body === body && now - known.at < RENEW_MS) return;
  sql.exec(
    "insert or replace into principals (hash, body, expires_at_ms, learnt_at_ms) values (?, ?, ?, ?)",
    principal.hash,
    body,
    principal.expiresAtMs,
    now,
  );
  sql.exec(
    "delete from principals where hash not in (select hash from principals order by learnt_at_ms desc limit ?)",
    PRINCIPALS_MAX,
  );
}

/**
 * Replaces everything remembered by the callers that the catalogue knows now: revoked ones are gone with it.
 *
 * @param sql the object's database
 * @param principals all callers, at most PRINCIPALS_MAX are kept
 * @param now control plane's clock in ms
 */
export function replacePrincipals(sql: SqlStorage, principals: readonly Principal[], now: number): void {
  const kept = principals.slice(0, PRINCIPALS_MAX);
  const hashes = new Set(kept.map((principal) => principal.hash));
  const known = sql.exec<{ hash: string }>("select hash from principals").toArray();
  for (const { hash } of known) if (!hashes.has(hash)) forgetPrincipal(sql, hash);
  for (const principal of kept) rememberPrincipal(sql, principal, now);
}

/**
 * Forgets a caller whose token was deleted or who signed out.
 *
 * @param sql the object's database
 * @param hash hash of the caller's secret
 */
export function forgetPrincipal(sql: SqlStorage, hash: string): void {
  sql.exec("delete from principals where hash = ?", hash);
}

/**
 * Recognises a caller while the catalogue is dead.
 *
 * @param sql the object's database
 * @param hash hash of the secret that was shown
 * @param now control plane's clock in ms
 * @returns the caller; null: unknown, expired, or not vouched for lately
 */
export function recognisePrincipal(sql: SqlStorage, hash: string, now: number): Principal | null {
  const [row] = sql
    .exec<{ body: string }>(
      `select body from principals
       where hash = ? and learnt_at_ms > ? and (expires_at_ms is null or expires_at_ms > ?)`,
      hash,
      now - PRINCIPAL_TRUST_MS,
      now,
    )
    .toArray();
  return row === undefined ? null : Principal.parse(JSON.parse(row.body));
}
