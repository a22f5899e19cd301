import type { PoolConnection } from "mysql2";
import type { Pool as PromisePool, PoolConnection as PromisePoolConnection } from "mysql2/promise";
import { NotWritableError } from "../errors.ts";
import { type AcquireRequest, acquireConnection, isNetworkError, type Retry } from "../switching/acquire.ts";
import type { Switchboard } from "../switching/switchboard.ts";
import type { MysqlSide } from "./mysql-side.ts";

/** `ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION`. */
const READ_ONLY_TRANSACTION = 1792;
/** `ER_SERVER_SHUTDOWN`, and the driver's word for a server that closed the connection. */
const GOING_AWAY = new Set(["ER_SERVER_SHUTDOWN", "PROTOCOL_CONNECTION_LOST"]);
/** Methods of a connection that send something, and reject when the server refuses a write. */
const SENDING = ["query", "execute", "beginTransaction", "commit", "rollback"] as const;

/** The part of mysql2's promise pool that drizzle, knex, typeorm and people use. */
export type RoutedMysql = Pick<PromisePool, "query" | "execute" | "getConnection" | "end">;

/**
 * Makes a pool over all data centres: every checkout goes to the active one, and a connection stays with its own for as
 * long as it is out, so that a transaction is never split.
 *
 * @param board where calls go
 * @param retry how a call that was not sent is tried again
 * @param end what `end()` does: closes the data source
 * @returns the pool
 */
export function createRoutedMysql(
  board: Switchboard<MysqlSide>,
  retry: Retry,
  end: () => Promise<void>,
): RoutedMysql {
  const request: AcquireRequest<MysqlSide, PoolConnection> = {
    board,
    retry,
    acquire: (side, done) => side.acquire(done),
    giveBack: (connection) => connection.release(),
    isAway,
  };
  const run = (method: "query" | "execute", args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      acquireConnection(request, (error, connection) => {
        if (connection === null) {
          reject(error);
          return;
        }
        const done = (failure: Error | null, rows: unknown, fields: unknown): void => {
          // A server that answered with an error is ready for the next statement; anything else leaves doubts.
          if (failure !== null && !("sqlState" in failure && failure.sqlState)) connection.destroy();
          else connection.release();
          if (failure !== null) reject(nameError(failure));
          else resolve([rows, fields]);
        };
        try {
          Reflect.apply(connection[method], connection, [...args, done]);
        } catch (thrown) {
          done(thrown instanceof Error ? thrown : new Error(String(thrown)), null, null);
        }
      });
    });
  const getConnection = (): Promise<PromisePoolConnection> =>
    new Promise((resolve, reject) => {
      acquireConnection(request, (error, connection, side) => {
        if (connection === null) reject(error);
        else resolve(namingRefusals(connection.promise(), side?.readOnly ?? false));
      });
    });
  const pool: Record<keyof RoutedMysql, unknown> = {
    query: (...args: unknown[]) => run("query", args),
    execute: (...args: unknown[]) => run("execute", args),
    getConnection,
    end,
  };
  // The driver's methods have many overloads; what goes in and out is the driver's own.
  return pool as RoutedMysql;
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
