import type { PoolConnection } from "mysql2";
import { NotWritableError } from "../errors.ts";
import { createWriteJudge } from "../routing/judge-writes.ts";
import { routeReads } from "../routing/route-reads.ts";
import { MYSQL } from "../routing/scan-sql.ts";
import { type AcquireRequest, acquireConnection } from "../switching/acquire.ts";
import type { RoutedRequest } from "../switching/routed-request.ts";
import { waitForWriter } from "../switching/try-again.ts";
import { isAway, isReadOnlyServer } from "./judge-errors.ts";
import type { MysqlSide } from "./mysql-side.ts";

/** Judges statements; it has no state of its own, so that one serves all pools. */
export const WRITES = createWriteJudge(MYSQL);

/** The two ways in which mysql2 sends a statement. */
export type Method = "query" | "execute";
/** Gets the rows and their fields, or the error. */
export type Done = (error: Error | null, result: [rows: unknown, fields: unknown] | null) => void;
/** Runs one statement, given as mysql2 takes it. */
export type Run = (method: Method, args: readonly unknown[], done: Done) => void;

/**
 * Makes what runs a statement that needs no connection of its own: a read beside the active side, where the configuration
 * says so, and all else there.
 *
 * @param routed where reads may go
 * @param request how to get a connection of the active side
 * @returns the function
 */
export function createRun(
  { readers }: RoutedRequest<MysqlSide>,
  request: AcquireRequest<MysqlSide, PoolConnection>,
): Run {
  const reads = routeReads(readers, MYSQL, isAway);
  const runTimes = (method: Method, args: readonly unknown[], done: Done, triesLeft: number): void =>
    acquireConnection(
      request,
      (error, connection) => {
        if (connection === null) return done(error, null);
        runOn(connection, method, args, (failure, result) => {
          const isAgain =
            failure !== null && triesLeft > 0 && isReadOnlyServer(failure) && WRITES.mayRepeat(args[0]);
          if (isAgain) waitForWriter(request, () => runTimes(method, args, done, triesLeft - 1));
          else done(failure, result);
        });
      },
      args[0],
    );
  const runActive: Run = (method, args, done) => runTimes(method, args, done, request.retry.times);
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
