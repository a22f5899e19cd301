import type { Pool, PoolConnection } from "mysql2";
import type { Pool as PromisePool } from "mysql2/promise";
import { NotWritableError } from "../errors.ts";
import { createWriteJudge } from "../routing/judge-writes.ts";
import { routeReads } from "../routing/route-reads.ts";
import { MYSQL } from "../routing/scan-sql.ts";
import { type Acquired, type AcquireRequest, acquireConnection } from "../switching/acquire.ts";
import type { RoutedRequest } from "../switching/routed-request.ts";
import { tryOnWriter } from "../switching/try-again.ts";
import { isAway, isReadOnlyServer } from "./judge-errors.ts";
import type { MysqlSide } from "./mysql-side.ts";

/** The same pool with callbacks instead of promises: the part of mysql2's own that typeorm, kysely and knex use. */
export type RoutedMysqlCallbacks = Pick<Pool, "query" | "execute" | "getConnection" | "end">;

/** The part of mysql2's promise pool that drizzle and people use. */
export interface RoutedMysql extends Pick<PromisePool, "query" | "execute" | "getConnection" | "end"> {
  /** The pool with callbacks, under the name that it has in mysql2's promise pool: knex finds it there by itself. */
  readonly pool: RoutedMysqlCallbacks;
}

type Done = (error: Error | null, result: unknown) => void;
type Method = "query" | "execute";
type Run = (method: Method, args: readonly unknown[], done: Done) => void;

/**
 * Makes a pool over all data centres: every checkout goes to the active one, and a connection stays with its own for as
 * long as it is out, so that a transaction is never split. Only `query` and `execute` of the pool itself may read
 * elsewhere, where the configuration says so.
 *
 * @param routed what it is made of
 * @returns the pool
 */
export function createRoutedMysql(routed: RoutedRequest<MysqlSide>): RoutedMysql {
  const { board, retry, end } = routed;
  const request: AcquireRequest<MysqlSide, PoolConnection> = {
    board,
    retry,
    acquire: (side, done) => side.acquire(done),
    giveBack: (connection) => connection.release(),
    isAway,
  };
  const run = createRun(routed, request);
  const promise = (method: Method, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      run(method, args, (error, result) => (error === null ? resolve(result) : reject(error)));
    });
  const pool: Record<keyof RoutedMysql, unknown> = {
    query: (...args: unknown[]) => promise("query", args),
    execute: (...args: unknown[]) => promise("execute", args),
    getConnection: () =>
      new Promise((resolve, reject) => {
        acquireConnection(request, (error, connection) => {
          if (connection === null) reject(error);
          else resolve(connection.promise());
        });
      }),
    end,
    pool: withCallbacks(run, request, end),
  };
  // The driver's methods have many overloads; what goes in and out is the driver's own.
  return pool as unknown as RoutedMysql;
}

function withCallbacks(
  run: Run,
  request: AcquireRequest<MysqlSide, PoolConnection>,
  end: () => Promise<void>,
): RoutedMysqlCallbacks {
  const call = (method: Method, args: readonly unknown[]): void => {
    const done = args.at(-1);
    if (typeof done !== "function")
      throw new TypeError(`pool.${method} needs a callback; rows are streamed from a connection only`);
    run(method, args.slice(0, -1), (error, result) => {
      if (error !== null) done(error);
      else done(null, ...(result as unknown[]));
    });
  };
  const pool: Record<keyof RoutedMysqlCallbacks, unknown> = {
    query: (...args: unknown[]) => call("query", args),
    execute: (...args: unknown[]) => call("execute", args),
    getConnection: (done: (error: Error | null, connection?: PoolConnection) => void) =>
      acquireConnection(request, (error, connection) => {
        if (connection === null) done(error);
        else done(null, connection);
      }),
    end: (done?: (error: Error | null) => void) => {
      const ended = end();
      if (done !== undefined) void ended.then(() => done(null), done);
    },
  };
  return pool as unknown as RoutedMysqlCallbacks;
}

/** Makes what runs one statement: where the configuration says so a read beside the active side, and all else there. */
function createRun(
  { readers }: RoutedRequest<MysqlSide>,
  request: AcquireRequest<MysqlSide, PoolConnection>,
): Run {
  const reads = routeReads(readers, MYSQL, isAway);
  const writes = createWriteJudge(MYSQL);
  const runActive: Run = (method, args, done) => {
    const make = (tried: Done): void => {
      const acquired: Acquired<MysqlSide, PoolConnection> = (error, connection) => {
        if (connection === null) tried(error, null);
        else runOn(connection, method, args, tried);
      };
      acquireConnection(request, acquired, () => writes.mayWrite(args[0]));
    };
    const attempt = { make, isRefused: isReadOnlyServer, mayRepeat: () => writes.mayRepeat(args[0]) };
    tryOnWriter(request, attempt, done);
  };
  return (method, args, done) => {
    const reader = reads?.sideOf(args[0]) ?? null;
    if (reads === null || reader === null) return runActive(method, args, done);
    reader.acquire((missing, connection) => {
      if (missing !== null || connection === null) return runActive(method, args, done);
      runOn(connection, method, args, (error, result) => {
        if (error !== null && reads.mayAskActive(args[0], error)) runActive(method, args, done);
        else done(error, result);
      });
    });
  };
}

/** Runs one statement on a connection and gives the connection back. */
function runOn(connection: PoolConnection, method: Method, args: readonly unknown[], done: Done): void {
  const finish = (failure: Error | null, rows: unknown, fields: unknown): void => {
    if (failure !== null && !keepsConnection(failure)) connection.destroy();
    else connection.release();
    if (failure !== null) done(failure, null);
    else done(null, [rows, fields]);
  };
  try {
    Reflect.apply(connection[method], connection, [...args, finish]);
  } catch (thrown) {
    finish(thrown instanceof Error ? thrown : new Error(String(thrown)), null, null);
  }
}

/** A server that answered with an error is ready for the next statement; anything else leaves doubts. */
function keepsConnection(error: Error): boolean {
  return error instanceof NotWritableError || ("sqlState" in error && Boolean(error.sqlState));
}
