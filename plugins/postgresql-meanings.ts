import type { Meanings } from "./meaning.ts";

/** The server has no TLS; the driver gives that no code. */
export const NO_TLS = "NO_TLS";
/** The login failed on our side, such as without a password; the driver gives that no code. */
export const NO_LOGIN = "NO_LOGIN";

const full = { verdict: "degraded", reason: "saturated" } as const;
const overloaded = { ...full, advice: "the server is overloaded: look at what it runs" };
const noSpace = {
  verdict: "degraded",
  reason: "disk-full",
  advice: "free space on the server's disk; logs of dead replication slots are a usual cause",
} as const;
const behindPooler = { verdict: "down", reason: "unreachable" } as const;

/** SQLSTATE codes (PostgreSQL manual, appendix A) that say more than that the server answered. */
export const POSTGRESQL_MEANINGS: Meanings = {
  "28P01": {
    verdict: "config",
    reason: "auth-failed",
    advice: `check user and password: ALTER ROLE "{user}" PASSWORD '…'; a role that does not exist is told the same`,
  },
  "28000": {
    verdict: "config",
    reason: "auth-failed",
    advice:
      'add to pg_hba.conf: host "{database}" "{user}" <agent\'s address>/32 scram-sha-256; then SELECT pg_reload_conf(); and see that the role has LOGIN',
  },
  "3D000": {
    verdict: "config",
    reason: "unknown-database",
    advice: 'check the monitored database\'s name, or CREATE DATABASE "{database}"',
  },
  "42501": {
    verdict: "config",
    reason: "permission-denied",
    advice: 'GRANT CONNECT ON DATABASE "{database}" TO "{user}"; GRANT pg_monitor TO "{user}"',
  },
  "53300": { ...full, advice: "raise max_connections, or find who holds connections in pg_stat_activity" },
  "53200": overloaded,
  "53400": overloaded,
  "57014": overloaded,
  "53100": noSpace,
  "25006": { verdict: "read_only", reason: "read-only" },
  "57P01": { verdict: "down", reason: "shutting-down" },
  "57P02": { verdict: "down", reason: "shutting-down" },
  "57P03": { verdict: "down", reason: "starting" },
  "57P04": { verdict: "config", reason: "unknown-database" },
  "57P05": { verdict: "down", reason: "closed" },
  "08000": behindPooler,
  "08001": behindPooler,
  "08003": behindPooler,
  "08006": behindPooler,
  [NO_TLS]: {
    verdict: "config",
    reason: "tls-failed",
    advice: "set ssl = on at the server, or TLS to off here",
  },
  [NO_LOGIN]: { verdict: "config", reason: "auth-failed", advice: "enter the password of {user}" },
};

/** What the server says with 28000 beside that no line of pg_hba.conf is for us, in its own words in English. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/not permitted to log in/, 'ALTER ROLE "{user}" LOGIN'],
  [
    /valid client certificate/,
    "enter a client certificate (tls.clientCertPem) and its key: the account's line in pg_hba.conf asks for it",
  ],
];

/**
 * Tells reasons apart that have one code.
 *
 * @param said what the server said
 * @returns the rows that hold instead
 */
export function findRefusal(said: string): Meanings {
  const [, advice] = REFUSALS.find(([words]) => words.test(said)) ?? [];
  return advice === undefined ? {} : { "28000": { verdict: "config", reason: "auth-failed", advice } };
}
