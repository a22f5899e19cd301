import { EventEmitter } from "node:events";
import { escapeId, escape as escapeValue, format, type Pool, type PoolConnection } from "mysql2";
import type { Pool as PromisePool } from "mysql2/promise";
import { type AcquireRequest, acquireConnection } from "../switching/acquire.ts";
import type { RoutedRequest } from "../switching/routed-request.ts";
import { isAway } from "./judge-errors.ts";
import type { MysqlSide } from "./mysql-side.ts";
import { createRun, type Method, type Run, WRITES } from "./run-statement.ts";

/** What mysql2's pools offer beside connections. */
const WRITING_SQL = { escape: escapeValue, escapeId, format };

/**
 * Makes a pool over all data centres: every checkout goes to the active one, and a connection stays with its own for as
 * long as it is out, so that a transaction is never split. Only `query` and `execute` of the pool itself may read
 * elsewhere, where the configuration says so.
 *
 * @param routed what it is made of
 * @returns a pool as mysql2's promises have it, but for its events; `pool.pool` is the same one with callbacks, which
 *   typeorm and kysely take
 */
export function createRoutedMysql(routed: RoutedRequest<MysqlSide>): PromisePool {
  const { board, retry, end } = routed;
  const request: AcquireRequest<MysqlSide, PoolConnection> = {
    board,
    retry,
    acquire: (side, done) => side.acquire(done),
    giveBack: (connection) => connection.release(),
    mayWrite: WRITES.mayWrite,
    isAway,
  };
  const run = createRun(routed, request);
  const send = (method: Method, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      run(method, args, (error, result) => (error === null ? resolve(result) : reject(error)));
    });
  const callbacks = createCallbackPool(run, request, end);
  const pool = Object.assign(new EventEmitter(), WRITING_SQL, {
    query: (...args: unknown[]) => send("query", args),
    execute: (...args: unknown[]) => send("execute", args),
    getConnection: () =>
      new Promise((resolve, reject) => {
        acquireConnection(request, (error, connection) => {
          if (connection === null) reject(error);
          else resolve(connection.promise());
        });
      }),
    releaseConnection: (connection: { release(): void }) => connection.release(),
    end,
    [Symbol.asyncDispose]: end,
    pool: callbacks,
  });
  Object.assign(callbacks, { promise: () => pool });
  // mysql2's type has what belongs to single connections too, which its pool has as little as ours.
  return pool as unknown as PromisePool;
}

function createCallbackPool(
  run: Run,
  request: AcquireRequest<MysqlSide, PoolConnection>,
  end: () => Promise<void>,
): Pool {
  const send = (method: Method, args: readonly unknown[]): void => {
    const done = args.at(-1);
    if (typeof done !== "function")
      throw new TypeError(`pool.${method} needs a callback; rows are streamed from a connection only`);
    run(method, args.slice(0, -1), (error, result) => {
      if (result === null) done(error);
      else done(null, ...result);
    });
  };
  const pool = Object.assign(new EventEmitter(), WRITING_SQL, {
    query: (...args: unknown[]) => send("query", args),
    execute: (...args: unknown[]) => send("execute", args),
    getConnection: (done: (error: Error | null, connection?: PoolConnection) => void) =>
      acquireConnection(request, (error, connection) => {
        if (connection === null) done(error);
        else done(null, connection);
      }),
    releaseConnection: (connection: { release(): void }) => connection.release(),
    end: (done?: (error: Error | null) => void) => {
      const ended = end();
      if (done !== undefined) void ended.then(() => done(null), done);
    },
  });
  return pool as unknown as Pool;
}
