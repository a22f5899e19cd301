import { createWriteJudge } from "../routing/judge-writes.ts";
import { ORACLE } from "../routing/scan-sql.ts";
import { type AcquireRequest, acquireConnection } from "../switching/acquire.ts";
import type { RoutedRequest } from "../switching/routed-request.ts";
import { waitForWriter } from "../switching/try-again.ts";
import { isAway, isReadOnlyServer } from "./judge-errors.ts";
import type { OracleConnection, OracleResult } from "./oracle-driver.ts";
import type { OracleSide } from "./oracle-side.ts";

/** The part of `oracledb`'s pool that applications use, and one statement at a time. */
export interface RoutedOracle {
  /** Takes a connection of the active side out; it stays with its side, and its `close` gives it back. */
  getConnection(): Promise<OracleConnection>;
  /**
   * Runs one statement on the active side and commits it. Cursors and LOBs that are to be read on need a connection that is
   * taken out.
   */
  execute(sql: string, binds?: unknown, options?: object): Promise<OracleResult>;
  /** Closes the data source. */
  close(): Promise<void>;
}

/** Has no state of its own, so that one serves all pools. */
const WRITES = createWriteJudge(ORACLE);

interface StatementArgs {
  readonly sql: string;
  readonly binds: unknown;
  readonly options: object;
}

type Done = (error: Error | null, result: OracleResult | null) => void;

/**
 * Makes a pool over all data centres: every checkout goes to the active one, and a connection stays with its own for as
 * long as it is out, so that a transaction is never split.
 *
 * @param routed what it is made of
 * @returns the pool
 */
export function createRoutedOracle({ board, retry, end }: RoutedRequest<OracleSide>): RoutedOracle {
  const request: AcquireRequest<OracleSide, OracleConnection> = {
    ...{ board, retry, isAway, mayWrite: WRITES.mayWrite },
    acquire: (side, done) => side.acquire(done),
    giveBack: (connection) => void connection.close(),
  };
  const execute = (args: StatementArgs, done: Done, triesLeft: number): void =>
    acquireConnection(
      request,
      (error, connection) => {
        if (connection === null) return done(error, null);
        void runOn(connection, args, (failure, result) => {
          const isAgain =
            failure !== null && triesLeft > 0 && isReadOnlyServer(failure) && WRITES.mayRepeat(args.sql);
          if (isAgain) waitForWriter(request, () => execute(args, done, triesLeft - 1));
          else done(failure, result);
        });
      },
      args.sql,
    );
  return {
    getConnection: () =>
      new Promise((resolve, reject) => {
        acquireConnection(request, (error, connection) => {
          if (connection === null) reject(error);
          else resolve(connection);
        });
      }),
    execute: (sql, binds = [], options = {}) =>
      new Promise((resolve, reject) => {
        const done: Done = (error, result) => (result === null ? reject(error) : resolve(result));
        execute({ sql, binds, options: { ...options, autoCommit: true } }, done, retry.times);
      }),
    close: end,
  };
}

/** Runs one statement and gives the connection back, before anybody is told: a pool of one must not wait for itself. */
async function runOn(
  connection: OracleConnection,
  { sql, binds, options }: StatementArgs,
  done: Done,
): Promise<void> {
  let result: OracleResult | null = null;
  let failure: Error | null = null;
  try {
    result = await connection.execute(sql, binds, options);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  void connection.close({ drop: failure !== null && isAway(failure) });
  done(failure, result);
}
