import { describe, expect, test } from "vitest";
import { readPosition as readMysql } from "../../sdk/mysql/position.ts";
import { readPosition as readPostgres } from "../../sdk/postgres/position.ts";

const MARIADB = (binlog: string, slave: string) =>
  readMysql([
    { Variable_name: "gtid_binlog_pos", Value: binlog },
    { Variable_name: "gtid_slave_pos", Value: slave },
  ]);

describe("MariaDB", () => {
  test.each([
    ["0-1-100", "0-1-100", true],
    ["0-1-100", "0-1-101", true],
    ["0-1-100", "0-1-99", false],
    ["0-1-100,2-2-7", "0-1-100,2-2-7", true],
    ["0-1-100,2-2-7", "0-1-100", false],
    // Somebody else's number 150 may lack this writer's 120.
    ["0-2-120", "0-1-150", false],
    ["", "0-1-1", false],
    ["0-1-18446744073709551615", "0-1-18446744073709551614", false],
  ])("written %j, applied %j: included is %s", (written, applied, included) => {
    expect(MARIADB("", applied).includes(MARIADB(written, "").written)).toBe(included);
  });

  test("what a server wrote itself is its own too", () => {
    expect(MARIADB("2-2-9", "1-1-5").includes("1-1-5,2-2-9")).toBe(true);
  });
});

const A = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const B = "3e11fa47-71ca-11e1-9e33-c80aa9429563";
const mysql = (executed: string) => readMysql([{ Variable_name: "gtid_executed", Value: executed }]);

describe("MySQL", () => {
  test.each([
    [`${A}:1-5`, `${A}:1-5`, true],
    [`${A}:1-5`, `${A.toUpperCase()}:1-9,\n${B}:1`, true],
    [`${A}:1-5`, `${A}:1-4`, false],
    [`${A}:1-5`, `${A}:1-3:5-9`, false],
    [`${A}:1-3:7`, `${A}:1-8`, true],
    [`${A}:1,${B}:1-2`, `${A}:1-8`, false],
    [`${A}:tag:1-2`, `${A}:1-8`, false],
    [`${A}:1`, "", false],
    ["no set", `${A}:1`, false],
  ])("written %j, applied %j: included is %s", (written, applied, included) => {
    expect(mysql(applied).includes(written)).toBe(included);
  });

  test("without GTIDs nothing is known", () => {
    expect(readMysql([]).written).toBe("");
    expect(readMysql([]).includes("")).toBe(false);
  });
});

const postgres = (follows: boolean, lsn: string | null, timeline = 1, system = "7") =>
  readPostgres({ follows, lsn, timeline, system });

describe("PostgreSQL", () => {
  test.each([
    ["0/3000060", "0/3000060", true],
    ["0/3000060", "1/0", true],
    ["F/FFFFFFFF", "10/0", true],
    ["0/3000060", "0/3000059", false],
  ])("written %s, replayed %s: included is %s", (written, replayed, included) => {
    expect(postgres(true, replayed).includes(postgres(false, written).written)).toBe(included);
  });

  test.each([
    ["a server that does not follow byte by byte", postgres(false, "F/0")],
    ["a standby of another timeline", postgres(true, "F/0", 2)],
    ["a standby of another cluster", postgres(true, "F/0", 1, "8")],
    ["one that has replayed nothing", postgres(true, null)],
  ])("%s includes nothing", (_what, position) => {
    expect(position.includes(postgres(false, "0/1").written)).toBe(false);
  });
});
