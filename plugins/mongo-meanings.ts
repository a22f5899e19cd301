import type { Meaning, Meanings } from "./meaning.ts";
import { NOT_MONGO } from "./mongo-exchange.ts";
import { NO_MECHANISM, WRONG_SERVER } from "./mongo-login.ts";

const down = (reason: Meaning["reason"]): Meaning => ({ verdict: "down", reason });
const denied: Meaning = {
  verdict: "config",
  reason: "auth-failed",
  advice: "check user, password and the database that holds the account (authSource)",
};
const readOnly: Meaning = { verdict: "read_only", reason: "read-only" };
const overloaded: Meaning = {
  verdict: "degraded",
  reason: "saturated",
  advice: "the server is overloaded: look at db.currentOp()",
};
const behindRouter: Meaning = {
  verdict: "degraded",
  reason: "incomplete",
  advice: "the router answers, a shard behind it does not: sh.status()",
};

/** Numbers of MongoDB's errors (src/mongo/base/error_codes.yml) that say more than that the server answered. */
export const MONGO_MEANINGS: Meanings = {
  "18": denied,
  "11": denied,
  "8000": denied,
  "334": {
    verdict: "config",
    reason: "auth-failed",
    advice:
      'give the account SCRAM-SHA-256: db.updateUser("{user}", {pwd: passwordPrompt(), mechanisms: ["SCRAM-SHA-256"]})',
  },
  [NO_MECHANISM]: {
    verdict: "config",
    reason: "auth-failed",
    advice:
      "the account is unknown there or has no SCRAM-SHA-256: create it as shown, in the database that is entered",
  },
  [WRONG_SERVER]: {
    verdict: "config",
    reason: "auth-failed",
    advice: "another server than yours may listen there: check the address, and switch TLS on with verify",
  },
  "13": {
    verdict: "config",
    reason: "permission-denied",
    advice: 'db.grantRolesToUser("{user}", [{role: "read", db: "{database}"}])',
  },
  "73": { verdict: "config", reason: "unknown-database", advice: "check the monitored database's name" },
  "10107": readOnly,
  "13435": readOnly,
  "10058": readOnly,
  "189": readOnly,
  "11602": readOnly,
  "371": readOnly,
  "13436": down("starting"),
  "91": down("shutting-down"),
  "11600": down("shutting-down"),
  "50": overloaded,
  "202": behindRouter,
  "89": behindRouter,
  "133": behindRouter,
  "14031": { verdict: "degraded", reason: "disk-full", advice: "free space on the server's disk" },
  [NOT_MONGO]: down("bad-answer"),
};
