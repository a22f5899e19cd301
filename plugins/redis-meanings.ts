import type { Meaning, Meanings } from "./meaning.ts";
import { NOT_RESP } from "./resp-exchange.ts";

/** The server has as many clients as it takes; it says so with the code of any error. */
export const MAX_CLIENTS = "MAXCLIENTS";
/** The server does not take AUTH as we send it; it says so with the code of any error. */
export const AUTH_REFUSED = "AUTH_REFUSED";

const denied = (advice: string): Meaning => ({ verdict: "config", reason: "auth-failed", advice });
const starting: Meaning = { verdict: "down", reason: "starting" };
const full: Meaning = { verdict: "degraded", reason: "saturated" };
const lacking = (rights: string): Meaning => ({
  verdict: "config",
  reason: "permission-denied",
  advice: `ACL SETUSER {user} ${rights}`,
});

/** Rights that the probe of a server needs. */
export const SERVER_RIGHTS = "+ping +role +info";
/** Rights that the probe of a cluster's node needs. */
export const NODE_RIGHTS = `${SERVER_RIGHTS} +cluster|info +cluster|nodes`;
/** Rights that the probe needs at a sentinel. */
export const SENTINEL_RIGHTS = "+ping +sentinel|get-master-addr-by-name +sentinel|master +sentinel|ckquorum";

/** Error codes of Redis (the first word of an error reply) that say more than that the server answered. */
export const REDIS_MEANINGS: Meanings = {
  WRONGPASS: denied("check user and password: ACL SETUSER {user} on >…"),
  NOAUTH: denied("the server wants a password: enter it"),
  [AUTH_REFUSED]: denied("the server has no password or no users: leave password or user empty"),
  NOPERM: lacking(SERVER_RIGHTS),
  DENIED: {
    verdict: "config",
    reason: "permission-denied",
    advice: "the server is in protected mode: give it a password, or bind and protected-mode no",
  },
  LOADING: starting,
  MASTERDOWN: starting,
  CLUSTERDOWN: {
    verdict: "down",
    reason: "incomplete",
    advice: "redis-cli --cluster check tells which slots nobody serves",
  },
  [MAX_CLIENTS]: { ...full, advice: "raise maxclients, or find who holds connections in CLIENT LIST" },
  OOM: { ...full, advice: "the server has used its maxmemory" },
  BUSY: { ...full, advice: "a script runs for too long: SCRIPT KILL" },
  MISCONF: { verdict: "degraded", reason: "disk-full", advice: "the server cannot save to disk: free space" },
  READONLY: { verdict: "read_only", reason: "read-only" },
};
/** The same at a node of a cluster, whose probe needs further rights. */
export const NODE_MEANINGS: Meanings = { ...REDIS_MEANINGS, NOPERM: lacking(NODE_RIGHTS) };
/** The same at a sentinel. */
export const SENTINEL_MEANINGS: Meanings = { ...REDIS_MEANINGS, NOPERM: lacking(SENTINEL_RIGHTS) };

/** Codes of error replies are capitals. */
const ERROR_CODE = /^[A-Z][A-Z0-9]*$/;
/** Node's codes look alike; they begin with an E and the server's few that do are in {@link ENGINE_E}. */
const SYSTEM_CODE = /^E[A-Z]/;
const ENGINE_E: ReadonlySet<string> = new Set(["ERR", "EXECABORT"]);

/**
 * Tells the codes of Redis' error replies from those of Node and of our own.
 *
 * @param code an error's code
 */
export function isRedisCode(code: string): boolean {
  return code !== NOT_RESP && ERROR_CODE.test(code) && (ENGINE_E.has(code) || !SYSTEM_CODE.test(code));
}
