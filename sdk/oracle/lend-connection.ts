import type { SdkError } from "../errors.ts";
import { judgeStatement } from "../routing/judge-statement.ts";
import { ORACLE } from "../routing/scan-sql.ts";
import { isReadOnlyServer, nameError, notWritable } from "./judge-errors.ts";
import type { OracleConnection } from "./oracle-driver.ts";

/** Begins a transaction in which the server refuses writes; a session that only reads is not to be had before Oracle 23. */
const READ_ONLY = "SET TRANSACTION READ ONLY";

/** A connection that somebody has taken out. */
export interface LentConnection {
  /** What the borrower gets: the driver's own connection, its calls watched. */
  readonly connection: OracleConnection;
  /** Rejects, each with an error of its own, what is under way and whatever is called later. */
  cut(createError: () => SdkError): void;
}

/** What lending needs to know. */
export interface LendRequest {
  readonly connection: OracleConnection;
  readonly readOnly: boolean;
  /** The server refused a write because it is not the one that writes. */
  readonly onReadOnly: () => void;
  /** The borrower gives it back, or, with `drop`, wants it gone. */
  readonly onClose: (isBroken: boolean) => Promise<void>;
}

interface Loan extends LendRequest {
  readonly underWay: Set<(error: Error) => void>;
  lost: (() => Error) | null;
}

/**
 * Lends a connection. The borrower gets an object of its own over the driver's, so that who keeps it after `close` cannot
 * reach the connection that somebody else has by then.
 *
 * @param request the connection and its side
 * @returns the loan
 */
export function lendConnection(request: LendRequest): LentConnection {
  const loan: Loan = { ...request, underWay: new Set(), lost: null };
  const lent = Object.create(request.connection) as OracleConnection;
  const { connection } = request;
  lent.execute = (sql, ...rest) => runStatement(loan, sql, () => connection.execute(sql, ...rest));
  lent.executeMany = (sql, ...rest) => runStatement(loan, sql, () => connection.executeMany(sql, ...rest));
  lent.queryStream = (sql, ...rest) => {
    if (loan.lost !== null) throw loan.lost();
    if (loan.readOnly && mayWrite(sql)) throw notWritable();
    return connection.queryStream(sql, ...rest);
  };
  for (const name of ["commit", "rollback"] as const)
    lent[name] = async () => {
      await watch(loan, () => connection[name]());
      if (loan.readOnly) await watch(loan, () => connection.execute(READ_ONLY));
    };
  lent.ping = () => watch(loan, () => connection.ping());
  lent.close = async (options) => {
    const { lost } = loan;
    const isBroken = lost !== null || (options !== undefined && Reflect.get(options, "drop") === true);
    loan.lost ??= closed;
    await request.onClose(isBroken);
  };
  return {
    connection: lent,
    cut(createError) {
      loan.lost = createError;
      for (const reject of loan.underWay) reject(createError());
      loan.underWay.clear();
    },
  };
}

/**
 * Begins what a connection of a side for reading only needs before its first statement.
 *
 * @param connection a connection that nobody has taken out yet
 */
export async function beginReading(connection: OracleConnection): Promise<void> {
  await connection.execute(READ_ONLY);
}

function runStatement<T>(loan: Loan, sql: string, send: () => Promise<T>): Promise<T> {
  // DDL ends a transaction for reading only and is done, so that the server alone would not refuse it.
  if (loan.lost === null && loan.readOnly && mayWrite(sql)) return Promise.reject(notWritable());
  return watch(loan, send);
}

function mayWrite(sql: unknown): boolean {
  return typeof sql !== "string" || judgeStatement(sql, ORACLE) !== "read";
}

/** The driver itself would wait for a hung server; whoever is cut is told at once. */
function watch<T>(loan: Loan, send: () => Promise<T>): Promise<T> {
  if (loan.lost !== null) return Promise.reject(loan.lost());
  return new Promise<T>((resolve, reject) => {
    loan.underWay.add(reject);
    const settle = (): void => void loan.underWay.delete(reject);
    send().then(
      (result) => {
        settle();
        resolve(result);
      },
      (error: unknown) => {
        settle();
        if (!(error instanceof Error)) return reject(error);
        if (!loan.readOnly && isReadOnlyServer(error)) loan.onReadOnly();
        reject(loan.readOnly ? nameError(error) : error);
      },
    );
  });
}

function closed(): Error {
  return Object.assign(new Error("NJS-003: the connection was given back already"), { code: "NJS-003" });
}
