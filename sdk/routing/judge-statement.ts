import { type SqlDialect, scanSql } from "./scan-sql.ts";

/** Where a statement may go. */
export type StatementUse =
  /** It only reads: any server that holds the data will do. */
  | "read"
  /** It writes, locks, or asks something that only its own session or the writing server knows. */
  | "active";

/** Statements whose judgement is remembered: applications say the same ones again and again. */
export const REMEMBERED_MAX = 2000;
/** A longer one is made up anew each time, and remembering it would only fill the memory. */
const REMEMBERED_LENGTH_MAX = 4000;

/** Forces a statement: `evenkeel:active` or `evenkeel:read` in a comment of its own. */
const HINT = /^\/\*\s*evenkeel:(active|read)\s*\*\/$/;
/** How a statement begins that may be a read. */
const BEGINNINGS: ReadonlySet<string> = new Set(["select", "with", "values", "table"]);
/**
 * Words that a statement which only reads does not have: they write (also within a CTE), lock rows, or store what was
 * read. That some are names of functions or columns as well costs no more than a read that goes to the active side.
 */
const NOT_READING: ReadonlySet<string> = new Set(
  "insert update delete merge truncate into call lock share procedure sql_calc_found_rows".split(" "),
);
/**
 * Functions that write, lock or tell of the session (manuals of MySQL 8.4, MariaDB 10.11, PostgreSQL 18). What an
 * application defines itself cannot be known here: on a server for reads it is refused by the session, and sent again.
 */
const FLAGGED: ReadonlySet<string> = new Set(
  `nextval setval currval lastval set_config pg_notify pg_export_snapshot txid_current pg_current_xact_id
  pg_backend_pid pg_cancel_backend pg_terminate_backend pg_reload_conf pg_switch_wal pg_promote pg_is_in_recovery
  last_insert_id row_count found_rows get_lock release_lock release_all_locks is_used_lock is_free_lock connection_id
  master_pos_wait source_pos_wait wait_for_executed_gtid_set lastval`.split(/\s+/),
);
const FLAGGED_BEGINNINGS =
  /^(pg_advisory_|pg_try_advisory_|lo_|dblink|pg_logical_|pg_replication_|pg_create_|pg_drop_)/;

/**
 * How a statement begins that may have done something although a server refused a later part of it: it may commit in
 * its middle, or belongs to a transaction or to the session.
 */
const MORE_THAN_ONE: ReadonlySet<string> = new Set(
  "call do execute begin start commit end rollback savepoint release prepare copy load set lock unlock xa".split(
    " ",
  ),
);

/**
 * Tells whether a server that refused a statement as a write has done nothing of it, so that it may be sent elsewhere.
 *
 * @param sql the statement
 * @param dialect of which database
 * @returns true for one statement that is a whole by itself; in doubt false
 */
export function isOneStatement(sql: string, dialect: SqlDialect): boolean {
  const tokens = scanSql(sql, dialect)?.tokens ?? [];
  const first = tokens.find((token) => token !== "(");
  if (first === undefined || MORE_THAN_ONE.has(first)) return false;
  return !tokens.some((token, at) => token === ";" && tokens[at + 1] !== undefined);
}

/** Judges statements, and remembers what came of it. */
export interface StatementJudge {
  judge(sql: string): StatementUse;
  /** A server for reads refused it: from now on it goes to the active side. */
  correct(sql: string): void;
}

/**
 * Makes a judge of statements.
 *
 * @param dialect of which database
 * @returns the judge; it holds at most `REMEMBERED_MAX` statements
 */
export function createStatementJudge(dialect: SqlDialect): StatementJudge {
  const known = new Map<string, StatementUse>();
  const remember = (sql: string, use: StatementUse): StatementUse => {
    if (sql.length > REMEMBERED_LENGTH_MAX) return use;
    if (known.size >= REMEMBERED_MAX) known.clear();
    known.set(sql, use);
    return use;
  };
  return {
    judge: (sql) => known.get(sql) ?? remember(sql, judgeStatement(sql, dialect)),
    correct: (sql) => void remember(sql, "active"),
  };
}

/**
 * Judges where a statement may go. In doubt it is the active side.
 *
 * @param sql the statement
 * @param dialect of which database
 * @returns its use
 */
export function judgeStatement(sql: string, dialect: SqlDialect): StatementUse {
  const scanned = scanSql(sql, dialect);
  if (scanned === null) return "active";
  for (const comment of scanned.comments) {
    const hint = HINT.exec(comment)?.[1];
    if (hint !== undefined) return hint === "read" ? "read" : "active";
  }
  const { tokens } = scanned;
  const first = tokens.find((token) => token !== "(");
  if (first === undefined || !BEGINNINGS.has(first)) return "active";
  return tokens.some((token, at) => isNotReading(token, tokens[at + 1], tokens[at - 1])) ? "active" : "read";
}

function isNotReading(token: string, next: string | undefined, before: string | undefined): boolean {
  if (NOT_READING.has(token)) return true;
  // A second statement may be anything.
  if (token === ";") return next !== undefined;
  // `@name` belongs to the session; `@@name` is a setting, of which servers have their own.
  if (token === "@") return true;
  // `:=` stores what was read.
  if (token === "=" && before === ":") return true;
  return next === "(" && (FLAGGED.has(token) || FLAGGED_BEGINNINGS.test(token));
}
