import type { Meaning, Meanings } from "./meaning.ts";
import { NOT_ORACLE } from "./oracle-errors.ts";

const config = (reason: Meaning["reason"], advice: string): Meaning => ({
  verdict: "config",
  reason,
  advice,
});
const denied = (advice: string) => config("auth-failed", advice);
const lacking = (advice: string) => config("permission-denied", advice);
const down = (reason: Meaning["reason"], advice?: string): Meaning => ({
  verdict: "down",
  reason,
  ...(advice === undefined ? {} : { advice }),
});
const full = (advice: string): Meaning => ({ verdict: "degraded", reason: "saturated", advice });
const noSpace = (advice: string): Meaning => ({ verdict: "degraded", reason: "disk-full", advice });

const moreProcesses = full(
  "raise processes and sessions (ALTER SYSTEM SET processes=… SCOPE=SPFILE, then a restart), or find who holds sessions in V$SESSION",
);
const moreMemory = full("the instance is short of memory: look at SGA and PGA, and at what it runs");
const account = (advice: string) => denied(`${advice}; Oracle locks accounts after wrong passwords`);
/** A listener's answer is not the database's: see ADR 11. */
const unknownService = down(
  "unknown-database",
  "see that the instance runs: a crashed one that had registered itself is told like this; then compare the service (or SID) with what `lsnrctl services` lists",
);
const views = lacking(
  "as SYS: GRANT SELECT ON sys.v_$database TO {user}; GRANT SELECT ON sys.v_$instance TO {user}; GRANT SELECT ON sys.v_$resource_limit TO {user}",
);
const filtered = lacking("the listener does not let the agent's host in: see sqlnet.ora's TCP.INVITED_NODES");
const restricted: Meaning = {
  verdict: "read_only",
  reason: "read-only",
  advice: "only administrators may log in: ALTER SYSTEM DISABLE RESTRICTED SESSION",
};
const mounted = down(
  "starting",
  "the database is not open: ALTER DATABASE OPEN (a standby: READ ONLY, which needs Active Data Guard)",
);
const blocked = down("starting", "the instance takes no connections yet, or not any more: see its alert log");

/**
 * Numbers of Oracle's server, its listener, its network and the driver, as far as they say more than that the server
 * answered.
 */
export const ORACLE_MEANINGS: Meanings = {
  "ORA-01017": account("check user and password: ALTER USER {user} IDENTIFIED BY …"),
  "ORA-01005": denied("enter the password of {user}"),
  "NJS-101": denied("enter the password of {user}"),
  "ORA-28000": account("ALTER USER {user} ACCOUNT UNLOCK, and check the password"),
  "ORA-28001": denied(
    "ALTER USER {user} IDENTIFIED BY …, in a profile with PASSWORD_LIFE_TIME UNLIMITED: the password has expired",
  ),
  "ORA-28040": denied(
    "the server takes no login that the driver knows: see SQLNET.ALLOWED_LOGON_VERSION_SERVER",
  ),
  "NJS-116": denied(
    "give the account a newer verifier: ALTER USER {user} IDENTIFIED BY …, with SQLNET.ALLOWED_LOGON_VERSION_SERVER 12",
  ),
  "NJS-138": config("bad-settings", "the driver speaks with Oracle 12.1 and newer"),
  "ORA-01045": lacking("GRANT CREATE SESSION TO {user}"),
  "ORA-01031": views,
  "ORA-00942": views,
  "ORA-12506": filtered,
  "ORA-12529": filtered,
  "ORA-12546": filtered,
  "ORA-12514": unknownService,
  "ORA-12505": unknownService,
  "ORA-12521": unknownService,
  "ORA-12504": config("unknown-database", "the listener wants a service's name: enter it"),
  "NJS-505": config("tls-failed", "check the certificate authority: it must be one in PEM"),
  "NJS-506": config("tls-failed", "compare the TLS versions, ciphers and certificates of server and agent"),
  ERR_TLS_CERT_ALTNAME_INVALID: config(
    "tls-failed",
    "the certificate is for another name: enter one that it lists as the address, or take mode verify-ca",
  ),
  "ORA-28860": config("tls-failed", "compare the TLS versions and ciphers of server and agent"),

  "ORA-00018": moreProcesses,
  "ORA-00020": moreProcesses,
  "ORA-12516": moreProcesses,
  "ORA-12518": moreProcesses,
  "ORA-12519": moreProcesses,
  "ORA-12520": moreProcesses,
  "ORA-12540": full("the listener's own limit is reached: see its log"),
  "ORA-02391": full("raise SESSIONS_PER_USER in the profile of {user}"),
  "ORA-04031": moreMemory,
  "ORA-04036": moreMemory,
  "ORA-00257": noSpace("free space where archived logs go, or raise DB_RECOVERY_FILE_DEST_SIZE"),
  "ORA-19809": noSpace("free space in the recovery area, or raise DB_RECOVERY_FILE_DEST_SIZE"),
  "ORA-01653": noSpace("add a data file to the tablespace"),

  "ORA-16000": { verdict: "read_only", reason: "read-only" },
  "ORA-01035": restricted,
  "ORA-12526": restricted,

  "ORA-01033": mounted,
  "ORA-01109": mounted,
  "ORA-01219": mounted,
  "ORA-12527": blocked,
  "ORA-12528": blocked,
  "ORA-01034": down("starting", "the instance is not started: STARTUP"),
  "ORA-27101": down("starting", "the instance is not started: STARTUP"),
  "ORA-01089": down("shutting-down"),
  "ORA-01090": down("shutting-down"),
  "ORA-01092": down("shutting-down"),
  "ORA-12541": down("refused"),
  "ORA-12543": down("unreachable"),
  "ORA-12545": down("unreachable"),
  "ORA-12170": down("timed-out"),
  "ORA-12535": down("timed-out"),
  "ORA-00028": down("closed"),
  "ORA-01012": down("closed"),
  "ORA-02396": down("closed", "give {user} a profile with IDLE_TIME UNLIMITED"),
  "ORA-03113": down("closed"),
  "ORA-03114": down("closed"),
  "ORA-03135": down("closed"),
  "ORA-12537": down("closed"),
  "ORA-12547": down("closed"),
  "ORA-12570": down("closed"),
  [NOT_ORACLE]: down("bad-answer", "check the address: another program may listen there"),
};
