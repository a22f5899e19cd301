import type pg from "pg";
import { askWithinTime } from "../switching/within-time.ts";
import { destroyStream } from "./routed-client.ts";

/** What a finished acquisition gets: an error, or a client. */
export type Acquired = (error: Error | null, client: pg.PoolClient | null) => void;

/**
 * Makes what asks a pool for a client, and a full one in time.
 *
 * @param pool the pool
 * @param waitMs how long a full one may let its callers wait, in milliseconds
 */
export function createAsk(pool: pg.Pool, waitMs: number): (got: Acquired) => void {
  const connect = (got: Acquired): void =>
    pool.connect((error, client) => {
      if (client === undefined) got(error ?? new Error("pg gave neither a client nor an error"), null);
      else got(null, client);
    });
  return (got) => {
    const isFull = pool.idleCount <= pool.waitingCount && pool.totalCount >= pool.options.max;
    if (isFull) askWithinTime(connect, (late) => late.release(), waitMs, got);
    else connect(got);
  };
}

/**
 * Makes or asks one connection.
 *
 * @param ask asks the pool
 * @param sql the question
 * @param timeoutMs the connection is destroyed if it has not answered by then
 * @returns the first row
 */
export async function askIdle(
  ask: (got: Acquired) => void,
  sql: string,
  timeoutMs: number,
): Promise<Record<string, unknown>> {
  const client = await new Promise<pg.PoolClient>((resolve, reject) => {
    ask((error, got) => (got === null ? reject(error) : resolve(got)));
  });
  let answered = false;
  const timer = setTimeout(
    () => destroyStream(client, new Error(`no answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    answered = true;
    return rows[0] ?? {};
  } finally {
    clearTimeout(timer);
    client.release(!answered);
  }
}
