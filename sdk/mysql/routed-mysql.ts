import type { PoolConnection } from "mysql2";
import type { Pool as PromisePool, PoolConnection as PromisePoolConnection } from "mysql2/promise";
import { NotWritableError } from "../errors.ts";
import { routeReads } from "../routing/route-reads.ts";
import { MYSQL } from "../routing/scan-sql.ts";
import { type AcquireRequest, acquireConnection, isNetworkError } from "../switching/acquire.ts";
import type { RoutedRequest } from "../switching/routed-request.ts";
import type { MysqlSide } from "./mysql-side.ts";

/** `ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION`. */
const READ_ONLY_TRANSACTION = 1792;
/** `ER_OPTION_PREVENTS_STATEMENT` (read_only) and `ER_READ_ONLY_MODE`: this server is not the one that writes. */
const READ_ONLY_SERVER: ReadonlySet<unknown> = new Set([1290, 1836]);
/** `ER_SERVER_SHUTDOWN`, and the driver's word for a server that closed the connection. */
const GOING_AWAY = new Set(["ER_SERVER_SHUTDOWN", "PROTOCOL_CONNECTION_LOST"]);
/** Methods of a connection that send something, and reject when the server refuses a write. */
const SENDING = ["query", "execute", "beginTransaction", "commit", "rollback"] as const;

/** The part of mysql2's promise pool that drizzle, knex, typeorm and people use. */
export type RoutedMysql = Pick<PromisePool, "query" | "execute" | "getConnection" | "end">;

type Done = (error: Error | null, result: unknown) => void;

/**
 * Makes a pool over all data centres: every checkout goes to the active one, and a connection stays with its own for as
 * long as it is out, so that a transaction is never split. Only `query` and `execute` of the pool itself may read
 * elsewhere, where the configuration says so.
 *
 * @param routed what it is made of
 * @returns the pool
 */
export function createRoutedMysql({ board, readers, retry, end }: RoutedRequest<MysqlSide>): RoutedMysql {
  const request: AcquireRequest<MysqlSide, PoolConnection> = {
    board,
    retry,
    acquire: (side, done) => side.acquire(done),
    giveBack: (connection) => connection.release(),
    isAway,
  };
  const reads = routeReads(readers, MYSQL, isAway);
  const runActive = (method: Method, args: readonly unknown[], done: Done): void =>
    acquireConnection(request, (error, connection) => {
      if (connection === null) done(error, null);
      else runOn(connection, method, args, done);
    });
  const run = (method: Method, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const done: Done = (error, result) => {
        if (error === null) return resolve(result);
        if ("errno" in error && READ_ONLY_SERVER.has(error.errno)) void board.reread();
        reject(error);
      };
      const reader = reads?.sideOf(args[0]) ?? null;
      if (reads === null || reader === null) return runActive(method, args, done);
      reader.acquire((missing, connection) => {
        if (missing !== null || connection === null) return runActive(method, args, done);
        runOn(connection, method, args, (error, result) => {
          if (error !== null && reads.mayAskActive(args[0], error)) runActive(method, args, done);
          else done(error, result);
        });
      });
    });
  const pool: Record<keyof RoutedMysql, unknown> = {
    query: (...args: unknown[]) => run("query", args),
    execute: (...args: unknown[]) => run("execute", args),
    getConnection: () => checkOut(request),
    end,
  };
  // The driver's methods have many overloads; what goes in and out is the driver's own.
  return pool as RoutedMysql;
}

/** Takes a connection of the active side out of its pool. */
function checkOut(request: AcquireRequest<MysqlSide, PoolConnection>): Promise<PromisePoolConnection> {
  return new Promise((resolve, reject) => {
    acquireConnection(request, (error, connection, side) => {
      if (connection === null) reject(error);
      else resolve(namingRefusals(connection.promise(), side?.readOnly ?? false));
    });
  });
}

type Method = "query" | "execute";

/** Runs one statement on a connection and gives the connection back. */
function runOn(connection: PoolConnection, method: Method, args: readonly unknown[], done: Done): void {
  const finish = (failure: Error | null, rows: unknown, fields: unknown): void => {
    // A server that answered with an error is ready for the next statement; anything else leaves doubts.
    if (failure !== null && !("sqlState" in failure && failure.sqlState)) connection.destroy();
    else connection.release();
    if (failure !== null) done(nameError(failure), null);
    else done(null, [rows, fields]);
  };
  try {
    Reflect.apply(connection[method], connection, [...args, finish]);
  } catch (thrown) {
    finish(thrown instanceof Error ? thrown : new Error(String(thrown)), null, null);
  }
}

/** On a side for reading only, a write that the server refused gets its own type. */
function namingRefusals(connection: PromisePoolConnection, readOnly: boolean): PromisePoolConnection {
  if (!readOnly) return connection;
  for (const name of SENDING) {
    const method: unknown = connection[name];
    if (typeof method !== "function") continue;
    Reflect.set(connection, name, async (...args: unknown[]): Promise<unknown> => {
      try {
        return await Reflect.apply(method, connection, args);
      } catch (error) {
        throw error instanceof Error ? nameError(error) : error;
      }
    });
  }
  return connection;
}

function nameError(error: Error): Error {
  if (!("errno" in error) || error.errno !== READ_ONLY_TRANSACTION) return error;
  return new NotWritableError("the active data centre is set to not writable", { cause: error });
}

function isAway(error: Error): boolean {
  if (isNetworkError(error)) return true;
  return "code" in error && typeof error.code === "string" && GOING_AWAY.has(error.code);
}
