import { describe, expect, test } from "vitest";
import { createStatementJudge, judgeStatement, REMEMBERED_MAX } from "../../sdk/routing/judge-statement.ts";
import { MYSQL, POSTGRESQL, type SqlDialect } from "../../sdk/routing/scan-sql.ts";

const BOTH: readonly SqlDialect[] = [MYSQL, POSTGRESQL];

const READS = [
  "SELECT 1",
  "\n  select * from orders where id = ?",
  "-- a remark\nSELECT 1",
  "/* a remark: update */ SELECT 1",
  "(SELECT 1) UNION (SELECT 2);",
  "WITH recent AS (SELECT * FROM orders) SELECT * FROM recent",
  "SELECT 'for update; insert into x' AS text",
  `SELECT "update" FROM orders`,
  "SELECT replace(item, 'a', 'b') FROM orders",
  "SELECT updated_at, deleted FROM orders",
  "VALUES (1), (2)",
  "/* evenkeel:read */ CALL report()",
];
const NOT_READS = [
  "INSERT INTO orders VALUES (1)",
  "SELECT * FROM orders FOR UPDATE",
  "select * from orders for /* x */ share",
  "SELECT * FROM orders LOCK IN SHARE MODE",
  "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
  "WITH x AS (SELECT 1) UPDATE orders SET a = 1",
  "SELECT * INTO copy FROM orders",
  "SELECT nextval('seq')",
  "SELECT pg_advisory_lock (1)",
  "SELECT GET_LOCK('a', 1)",
  "SELECT last_insert_id()",
  "SELECT 1; DELETE FROM orders",
  "SELECT 'it''s'; DROP TABLE orders",
  "BEGIN",
  "SET x = 1",
  "EXPLAIN ANALYZE DELETE FROM orders",
  "SELECT 'never ends",
  "SELECT 1 /* never ends",
  "/* evenkeel:active */ SELECT 1",
  "",
];

describe.each(BOTH)("(c) reads are told by more than their first word, with texts as in %o", (dialect) => {
  test.each(READS)("%j reads", (sql) => expect(judgeStatement(sql, dialect)).toBe("read"));
  test.each(NOT_READS)("%j goes to the active side", (sql) =>
    expect(judgeStatement(sql, dialect)).toBe("active"),
  );
});

test.each([
  ["SELECT 'a\\'; DELETE FROM orders -- '", MYSQL, "read"],
  ["SELECT 'a\\'; DELETE FROM orders -- '", POSTGRESQL, "active"],
  ["SELECT E'a\\'; DELETE FROM orders -- '", POSTGRESQL, "read"],
  ["SELECT $a$ '; delete $$ $a$", POSTGRESQL, "read"],
  ["SELECT /* one /* two */ ; delete */ 1", POSTGRESQL, "read"],
  ["SELECT /* one /* two */ ; delete -- */ 1", MYSQL, "active"],
  ["SELECT 1 # ; delete", MYSQL, "read"],
  ["SELECT a #- '{1}' FROM t FOR UPDATE", POSTGRESQL, "active"],
  ["SELECT 5--1", MYSQL, "read"],
  ["SELECT /*! SQL_NO_CACHE */ 1", MYSQL, "active"],
  ["SELECT /*!50000 1 */ FOR UPDATE", MYSQL, "active"],
  ["SELECT @total", MYSQL, "active"],
  ["SELECT `for update` FROM orders", MYSQL, "read"],
] as const)("%s", (sql, dialect, use) => {
  expect(judgeStatement(sql, dialect)).toBe(use);
});

test("what a server for reads refused goes to the active side from then on, and memory has its limit", () => {
  const judge = createStatementJudge(POSTGRESQL);
  const sql = "SELECT writes_in_secret()";
  expect(judge.judge(sql)).toBe("read");
  judge.correct(sql);
  expect(judge.judge(sql)).toBe("active");
  for (let at = 0; at <= REMEMBERED_MAX; at += 1) judge.judge(`SELECT ${at}`);
  expect(judge.judge(sql)).toBe("read");
});
