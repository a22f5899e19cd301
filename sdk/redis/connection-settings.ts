const FIRST_RECONNECT_MS = 50;
/** A side that is back is to serve soon: a switch may lead there. */
const LONGEST_RECONNECT_MS = 500;

/** Settings of every connection to a server that holds data. */
export const SERVER_SETTINGS = {
  /** Milliseconds without traffic after which the system asks whether the other end is still there. */
  keepAlive: 10_000,
  /** Milliseconds for which ioredis waits for a server to close too; we destroy the socket ourselves. */
  disconnectTimeout: 10,
  // A command that got no answer may have been executed: sending it again is for the application to decide.
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
} as const;

/**
 * Tells when to connect again.
 *
 * @param attempt counts from 1
 * @returns milliseconds from now
 */
export function reconnectAfterMs(attempt: number): number {
  return Math.min(FIRST_RECONNECT_MS * 2 ** Math.min(attempt - 1, 10), LONGEST_RECONNECT_MS);
}
