import { ClosedError, type SdkError } from "../errors.ts";
import { createProof } from "../switching/create-proof.ts";
import type { SideRequest, WarmSide } from "../switching/create-sides.ts";
import type { Waiting } from "../switching/side.ts";
import { type ConnectionPool, createConnectionPool } from "./connection-pool.ts";
import { type LentConnection, lendConnection } from "./lend-connection.ts";
import {
  cleanConnection,
  discardConnection,
  type OracleDriverOptions,
  openConnection,
} from "./open-connection.ts";
import type { OracleConnection, OracleDriver } from "./oracle-driver.ts";

const DEFAULT_MAX_CONNECTIONS = 10;

/** One data centre's Oracle connections. */
export interface OracleSide extends WarmSide {
  /** Takes a connection out; its `close` gives it back. */
  acquire(done: (error: Error | null, connection: OracleConnection | null) => void): void;
}

/**
 * Opens the connections of one data centre.
 *
 * @param request the data centre and its server
 * @param driver the package `oracledb`
 * @param options settings of the application
 * @returns the side
 */
export function createOracleSide(
  request: SideRequest,
  driver: OracleDriver,
  options: OracleDriverOptions,
): OracleSide {
  const drains = new Set<NodeJS.Timeout>();
  const proof = createProof(request.isReader);
  const pool = createConnectionPool({
    maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    waitMs: request.connectTimeoutMs,
    open: () => openConnection(request, driver, options),
    discard: discardConnection,
  });
  const loans = createLoans(request, pool, proof.note);
  const side: OracleSide = {
    dataCentre: request.dataCentre,
    readOnly: request.readOnly,
    waiting: new Set<Waiting>(),
    busy: loans.count,
    acquire: (done) =>
      pool.acquire((error, connection) => done(error, connection === null ? null : loans.lend(connection))),
    abandon(createError) {
      loans.cut(loans.list(), createError);
      setImmediate(() => pool.discardIdle());
      request.onBroken();
    },
    drain(createError, drainMs) {
      const leaving = loans.list();
      const timer = setTimeout(() => {
        drains.delete(timer);
        loans.cut(leaving, createError);
      }, drainMs);
      drains.add(timer);
    },
    check: async () => {
      if (!proof.isGiven(loans.count())) await checkIdle(side, request.connectTimeoutMs);
    },
    close() {
      for (const timer of drains) clearTimeout(timer);
      loans.cut(loans.list(), () => new ClosedError());
      pool.close();
    },
  };
  return side;
}

/** The connections of a side that somebody has. */
interface Loans {
  count(): number;
  list(): readonly LentConnection[];
  lend(connection: OracleConnection): OracleConnection;
  /** Takes those of them away that are still lent. */
  cut(which: readonly LentConnection[], createError: () => SdkError): void;
}

function createLoans(request: SideRequest, pool: ConnectionPool, onReturn: () => void): Loans {
  const lent = new Map<LentConnection, OracleConnection>();
  return {
    count: () => lent.size,
    list: () => [...lent.keys()],
    lend(connection) {
      const loan = lendConnection({
        ...{ connection, readOnly: request.readOnly, onReadOnly: request.onReadOnly },
        async onClose(isBroken) {
          if (!lent.delete(loan)) return;
          const isClean = !isBroken && (await cleanConnection(connection, request));
          onReturn();
          pool.giveBack(connection, !isClean);
        },
      });
      lent.set(loan, connection);
      return loan.connection;
    },
    cut(which, createError) {
      for (const loan of which) {
        const connection = lent.get(loan);
        if (connection === undefined) continue;
        lent.delete(loan);
        loan.cut(createError);
        // Those that are rejected come first.
        setImmediate(() => pool.giveBack(connection, true));
      }
    },
  };
}

/** Makes or asks one connection. */
function checkIdle(side: OracleSide, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    side.acquire((error, connection) => {
      if (connection === null) return reject(error);
      const settle = (failure: Error | null): void => {
        clearTimeout(timer);
        void connection.close({ drop: failure !== null });
        if (failure === null) resolve();
        else reject(failure);
      };
      const timer = setTimeout(() => settle(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      connection.ping().then(
        () => settle(null),
        (failure: Error) => settle(failure),
      );
    });
  });
}
