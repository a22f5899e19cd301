/** Gets a connection or the error with which asking for it ended. */
type Got<Connection> = (error: Error | null, connection: Connection | null) => void;

/**
 * Asks a full pool for a connection and gives up in time: one whose server hangs would let its callers wait for ever. Only
 * for a full one, because a timer for each call would cost as much as the rest of the way.
 *
 * @param ask asks the pool
 * @param giveBack takes a connection that came too late
 * @param waitMs how long to wait, in milliseconds
 * @param done gets the connection, or an error with the code ETIMEDOUT
 */
export function askWithinTime<Connection>(
  ask: (got: Got<Connection>) => void,
  giveBack: (connection: Connection) => void,
  waitMs: number,
  done: Got<Connection>,
): void {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    const error = new Error(`no connection of the pool became free within ${waitMs} ms`);
    done(Object.assign(error, { code: "ETIMEDOUT" }), null);
  }, waitMs);
  ask((error, connection) => {
    clearTimeout(timer);
    if (!isLate) done(error, connection);
    else if (connection !== null) giveBack(connection);
  });
}
