import { isNetworkError } from "../switching/acquire.ts";

/** `ER_OPTION_PREVENTS_STATEMENT` (read_only) and `ER_READ_ONLY_MODE`: this server is not the one that writes. */
const READ_ONLY_SERVER: ReadonlySet<unknown> = new Set([1290, 1836]);
/** `ER_SERVER_SHUTDOWN`, and the driver's word for a server that closed the connection. */
const GOING_AWAY = new Set(["ER_SERVER_SHUTDOWN", "PROTOCOL_CONNECTION_LOST"]);
/** What mysql2 says, without a code, of a connection that broke before; knex puts the statement before it. */
const BROKEN_MESSAGE = /Can't (add new command when connection is|write) in closed state$/;

/** @returns true if this server refused a write because it is not the one that writes */
export function isReadOnlyServer(error: Error): boolean {
  return "errno" in error && READ_ONLY_SERVER.has(error.errno);
}

/** @returns true if the server could not be reached, or is coming or going */
export function isAway(error: Error): boolean {
  if (isNetworkError(error) || BROKEN_MESSAGE.test(error.message)) return true;
  return "code" in error && typeof error.code === "string" && GOING_AWAY.has(error.code);
}
