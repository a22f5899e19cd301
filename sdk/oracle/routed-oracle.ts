import { createWriteJudge } from "../routing/judge-writes.ts";
import { ORACLE } from "../routing/scan-sql.ts";
import { type AcquireRequest, acquireConnection } from "../switching/acquire.ts";
import type { RoutedRequest } from "../switching/routed-request.ts";
import { tryOnWriter } from "../switching/try-again.ts";
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

/**
 * Makes a pool over all data centres: every checkout goes to the active one, and a connection stays with its own for as
 * long as it is out, so that a transaction is never split.
 *
 * @param routed what it is made of
 * @returns the pool
 */
export function createRoutedOracle({ board, retry, end }: RoutedRequest<OracleSide>): RoutedOracle {
  const request: AcquireRequest<OracleSide, OracleConnection> = {
    ...{ board, retry, isAway },
    acquire: (side, done) => side.acquire(done),
    giveBack: (connection) => void connection.close(),
  };
  const writes = createWriteJudge(ORACLE);
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
        const make = (tried: (error: Error | null, result: OracleResult | null) => void): void =>
          acquireConnection(
            request,
            (error, connection) => {
              if (connection === null) return tried(error, null);
              const committed = { ...options, autoCommit: true };
              void runOn(connection, () => connection.execute(sql, binds, committed), tried);
            },
            () => writes.mayWrite(sql),
          );
        const attempt = { make, isRefused: isReadOnlyServer, mayRepeat: () => writes.mayRepeat(sql) };
        tryOnWriter<OracleResult>(request, attempt, (error, result) => {
          if (result === null) reject(error);
          else resolve(result);
        });
      }),
    close: end,
  };
}

/** Runs one statement and gives the connection back, before anybody is told: a pool of one must not wait for itself. */
async function runOn(
  connection: OracleConnection,
  run: () => Promise<OracleResult>,
  tried: (error: Error | null, result: OracleResult | null) => void,
): Promise<void> {
  let result: OracleResult | null = null;
  let failure: Error | null = null;
  try {
    result = await run();
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  void connection.close({ drop: failure !== null && isAway(failure) });
  tried(failure, result);
}
