import { NotWritableError, SdkError } from "../errors.ts";
import type { Readers } from "./create-readers.ts";
import { createStatementJudge } from "./judge-statement.ts";
import type { SqlDialect } from "./scan-sql.ts";

/** Sends statements that only read to servers for reads. */
export interface ReadRoute<S> {
  /**
   * Finds where a statement may be read.
   *
   * @param statement in the forms that the drivers take: a text, or an object with `sql` or `text`
   * @returns a server for reads; null: it goes to the active side
   */
  sideOf(statement: unknown): S | null;
  /**
   * Tells whether a read that failed on its server may be asked of the active side, where nothing of it happened yet. A
   * server that refused it as a write is believed for good.
   */
  mayAskActive(statement: unknown, error: Error): boolean;
}

/**
 * Makes the route of a data source's reads.
 *
 * @param readers chooses the servers; null: there are none
 * @param dialect of which database
 * @param isAway says of a driver's error whether the server could not be reached
 * @returns the route; null: every statement goes to the active side, and none is looked at
 */
export function routeReads<S>(
  readers: Readers<S> | null,
  dialect: SqlDialect,
  isAway: (error: Error) => boolean,
): ReadRoute<S> | null {
  if (readers === null) return null;
  const judge = createStatementJudge(dialect);
  return {
    sideOf(statement) {
      const sql = textOf(statement);
      return sql !== null && judge.judge(sql) === "read" ? readers.pick() : null;
    },
    mayAskActive(statement, error) {
      if (!(error instanceof NotWritableError))
        return error instanceof SdkError ? error.retryable : isAway(error);
      const sql = textOf(statement);
      if (sql !== null) judge.correct(sql);
      return true;
    },
  };
}

/**
 * Finds the text of a statement.
 *
 * @param statement in the forms that the drivers take
 * @returns null for what keeps its connection, or is no statement
 */
export function textOf(statement: unknown): string | null {
  if (typeof statement === "string") return statement;
  if (typeof statement !== "object" || statement === null) return null;
  // A cursor of pg keeps its connection, and takes its rows whenever it likes.
  if (typeof Reflect.get(statement, "submit") === "function") return null;
  const text: unknown = Reflect.get(statement, "sql") ?? Reflect.get(statement, "text");
  return typeof text === "string" ? text : null;
}
