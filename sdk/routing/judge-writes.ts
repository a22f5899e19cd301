import { isOneStatement, judgeStatement } from "./judge-statement.ts";
import { textOf } from "./route-reads.ts";
import type { SqlDialect } from "./scan-sql.ts";

/** What is asked of a statement while a switch is under way; never on the ordinary path. */
export interface WriteJudge {
  /** @returns false for what certainly only reads */
  mayWrite(statement: unknown): boolean;
  /** @returns whether a server that refused it as a write has done nothing of it */
  mayRepeat(statement: unknown): boolean;
}

/**
 * Makes the judge of a dialect. Statements are in the forms that the drivers take.
 *
 * @param dialect of which database
 * @returns the judge
 */
export function createWriteJudge(dialect: SqlDialect): WriteJudge {
  return {
    mayWrite(statement) {
      const sql = textOf(statement);
      return sql === null || judgeStatement(sql, dialect) !== "read";
    },
    mayRepeat(statement) {
      const sql = textOf(statement);
      return sql !== null && isOneStatement(sql, dialect);
    },
  };
}
