import { NotWritableError } from "../errors.ts";
import { isNetworkError } from "../switching/acquire.ts";

/** The server's or listener's own number; the driver wraps it in errors of its own. */
const SERVER_NUMBER = /\b(?:ORA|TNS)-\d{5}\b/g;

/**
 * The server, its listener or the driver say that nothing can be had there now: no listener, instance or open database,
 * one that comes or goes, a connection that broke (manual of Oracle 19c; node-oracledb 26).
 */
const AWAY: ReadonlySet<string> = new Set(
  `NJS-500 NJS-501 NJS-503 NJS-510 NJS-511 NJS-518 NJS-519 NJS-521 NJS-530 NJS-003 ORA-00028 ORA-01012 ORA-01033
  ORA-01034 ORA-01089 ORA-01090 ORA-01092 ORA-01109 ORA-01219 ORA-02396 ORA-03113 ORA-03114 ORA-03135 ORA-12170
  ORA-12505 ORA-12514 ORA-12521 ORA-12527 ORA-12528 ORA-12535 ORA-12537 ORA-12541 ORA-12543 ORA-12545 ORA-12547
  ORA-12570 ORA-27101`.split(/\s+/),
);
/** This database is open for reading only, as a standby is, or is being switched over. */
const READ_ONLY_SERVER: ReadonlySet<string> = new Set(["ORA-16000", "ORA-16003", "ORA-16456"]);
/** Our own `SET TRANSACTION READ ONLY` refused it. */
const READ_ONLY_TRANSACTION = "ORA-01456";

/** @returns true if the server could not be reached, or is coming or going */
export function isAway(error: Error): boolean {
  return isNetworkError(error) || listCodes(error).some((code) => AWAY.has(code));
}

/** @returns true if this server refused a write because it is not the one that writes */
export function isReadOnlyServer(error: Error): boolean {
  return listCodes(error).some((code) => READ_ONLY_SERVER.has(code));
}

/** @returns a write that a transaction for reading only refused, by its own type; any other error as it is */
export function nameError(error: Error): Error {
  if (!listCodes(error).includes(READ_ONLY_TRANSACTION)) return error;
  return notWritable({ cause: error });
}

/** @returns the error of a write on a side that is not writable */
export function notWritable(options?: ErrorOptions): NotWritableError {
  return new NotWritableError("the active data centre is set to not writable", options);
}

function listCodes(error: Error): readonly string[] {
  const own = "code" in error && typeof error.code === "string" ? [error.code] : [];
  const numbers = error.message.match(SERVER_NUMBER) ?? [];
  return [...own, ...numbers].map((code) => code.replace(/^TNS-/, "ORA-"));
}
