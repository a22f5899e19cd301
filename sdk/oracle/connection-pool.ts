import type { OracleConnection } from "./oracle-driver.ts";

/** Gets a connection or why there is none; called once. */
export type GotConnection = (error: Error | null, connection: OracleConnection | null) => void;

/** What a pool is made of. */
export interface PoolRequest {
  readonly maxConnections: number;
  /** Milliseconds that a caller waits at most. */
  readonly waitMs: number;
  /** Makes a connection; bounds itself. */
  open(): Promise<OracleConnection>;
  /** Gives a connection up without waiting for its server. */
  discard(connection: OracleConnection): void;
}

/** A few connections to one server. The driver's own pools end only once their server has answered. */
export interface ConnectionPool {
  acquire(done: GotConnection): void;
  /** Takes one back. @param isBroken it is not to be lent again */
  giveBack(connection: OracleConnection, isBroken: boolean): void;
  /** Discards those that nobody has, and those that are being made. */
  discardIdle(): void;
  close(): void;
}

interface Waiter {
  readonly timer: NodeJS.Timeout;
  readonly done: GotConnection;
}

interface Pool {
  readonly request: PoolRequest;
  readonly idle: OracleConnection[];
  readonly waiters: Set<Waiter>;
  /** Connections that stand or are being made. */
  count: number;
  /** What was begun before the last discarding is not wanted any more. */
  generation: number;
  isClosed: boolean;
}

/**
 * Makes a pool without connections.
 *
 * @param request how to make them, and how many
 * @returns the pool
 */
export function createConnectionPool(request: PoolRequest): ConnectionPool {
  const pool: Pool = {
    ...{ request, idle: [], waiters: new Set(), count: 0, generation: 0, isClosed: false },
  };
  return {
    acquire(done) {
      const standing = pool.idle.pop();
      if (standing !== undefined) {
        process.nextTick(done, null, standing);
        return;
      }
      wait(pool, done);
      if (pool.count < request.maxConnections) void openOne(pool);
    },
    giveBack(connection, isBroken) {
      if (isBroken || pool.isClosed) drop(pool, connection);
      else lendNext(pool, connection);
    },
    discardIdle() {
      pool.generation += 1;
      for (const connection of pool.idle.splice(0)) drop(pool, connection);
    },
    close() {
      pool.isClosed = true;
      this.discardIdle();
      for (const waiter of [...pool.waiters]) answer(pool, waiter, new Error("the pool was closed"), null);
    },
  };
}

function wait(pool: Pool, done: GotConnection): void {
  const { waitMs } = pool.request;
  const timer = setTimeout(() => {
    const message = `no connection of the pool became free within ${waitMs} ms`;
    answer(pool, waiter, Object.assign(new Error(message), { code: "ETIMEDOUT" }), null);
  }, waitMs);
  const waiter: Waiter = { timer, done };
  pool.waiters.add(waiter);
}

function answer(pool: Pool, waiter: Waiter, error: Error | null, connection: OracleConnection | null): void {
  clearTimeout(waiter.timer);
  pool.waiters.delete(waiter);
  waiter.done(error, connection);
}

function lendNext(pool: Pool, connection: OracleConnection): void {
  const [waiter] = pool.waiters;
  if (waiter === undefined) pool.idle.push(connection);
  else answer(pool, waiter, null, connection);
}

function drop(pool: Pool, connection: OracleConnection): void {
  pool.count -= 1;
  pool.request.discard(connection);
  // Whoever waits for a connection that is gone would wait for nothing.
  if (pool.waiters.size > 0 && !pool.isClosed) void openOne(pool);
}

async function openOne(pool: Pool): Promise<void> {
  const { generation } = pool;
  pool.count += 1;
  try {
    const connection = await pool.request.open();
    if (pool.isClosed || generation !== pool.generation) drop(pool, connection);
    else lendNext(pool, connection);
  } catch (error) {
    pool.count -= 1;
    const [waiter] = pool.waiters;
    if (waiter !== undefined)
      answer(pool, waiter, error instanceof Error ? error : new Error(String(error)), null);
    // Nothing would ever come to those that are left.
    if (pool.waiters.size > 0 && pool.count === 0 && !pool.isClosed) void openOne(pool);
  }
}
