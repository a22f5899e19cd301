import type { Meaning, Meanings } from "./meaning.ts";

const config = (reason: Meaning["reason"], advice: string): Meaning => ({
  verdict: "config",
  reason,
  advice,
});
const denied = (advice: string) => config("auth-failed", advice);
const down = (reason: Meaning["reason"]): Meaning => ({ verdict: "down", reason });

const full: Meaning = {
  verdict: "degraded",
  reason: "saturated",
  advice: "raise max_connections (or the account's limit), or find who holds connections in SHOW PROCESSLIST",
};
const noSpace: Meaning = {
  verdict: "degraded",
  reason: "disk-full",
  advice: "free space on the server's disk; binary logs are a usual cause",
};
const readOnly: Meaning = { verdict: "read_only", reason: "read-only" };
const expired = denied(
  "give the account a password that does not expire: ALTER USER … PASSWORD EXPIRE NEVER",
);
const locked = denied("unlock the account: ALTER USER … ACCOUNT UNLOCK");
const noTls = config("tls-failed", "set up TLS at the server, or set TLS to off here");
const foreignLogin = denied(
  "the driver cannot log in this way: give the account mysql_native_password or caching_sha2_password",
);

/**
 * Error numbers of MySQL, MariaDB and the proxies before them (their error references), and the driver's names, as far
 * as they say more than that the server answered.
 */
export const MYSQL_MEANINGS: Meanings = {
  "1045": denied(
    "check user and password; an anonymous account may shadow {user} on localhost; an account that REQUIREs X509 needs a client certificate; some servers lock an account after wrong passwords",
  ),
  "1044": config(
    "unknown-database",
    "the database is missing, or {user} has no right in it: the server says the same of both. GRANT SHOW VIEW ON `{database}`.* TO {user}@'<agent>'",
  ),
  "1049": config("unknown-database", "check the monitored database's name"),
  "1130": denied("the account may not connect from the agent's host: CREATE USER {user}@'<agent>' …"),
  "1129": denied(
    "the server blocked the agent's host after broken logins: FLUSH HOSTS, and check the account",
  ),
  "1142": config("permission-denied", "GRANT USAGE ON *.* TO {user}@'<agent>'"),
  "1227": config("permission-denied", "GRANT USAGE ON *.* TO {user}@'<agent>'"),
  "1251": foreignLogin,
  "1698": denied(
    "the account logs in by the local socket only: ALTER USER {user}@'<agent>' IDENTIFIED BY '…'",
  ),
  "1820": expired,
  "1862": expired,
  "3118": locked,
  "4151": locked,
  "3032": config("permission-denied", "the server is in offline mode: SET GLOBAL offline_mode = OFF"),
  "3159": config("tls-failed", "the server takes encrypted connections only: set TLS to require or verify"),
  "2061": denied("caching_sha2_password wants an encrypted connection: set TLS to require or verify"),
  HANDSHAKE_NO_SSL_SUPPORT: noTls,
  HANDSHAKE_SSL_ERROR: config("tls-failed", "compare the TLS versions and ciphers of server and agent"),
  AUTH_SWITCH_PLUGIN_ERROR: foreignLogin,

  "1040": full,
  "1203": full,
  "1226": full,
  "1021": noSpace,
  "1114": noSpace,
  "1290": readOnly,
  "1836": readOnly,

  "1053": down("shutting-down"),
  "1047": down("starting"),
  "1927": down("closed"),
  "4031": down("closed"),
  "2006": down("closed"),
  "2013": down("closed"),
  "2002": down("unreachable"),
  "2003": down("unreachable"),
  "9001": down("unreachable"),
  PROTOCOL_CONNECTION_LOST: down("closed"),
};
