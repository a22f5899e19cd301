import { MONITOR_KINDS } from "@evenkeel/plugins/registry";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Column, ILLNESSES, type Illness } from "./matrix/column.ts";
import {
  makeApiColumn,
  makeElasticsearchColumn,
  makeMongoColumn,
  makeOracleColumn,
} from "./matrix/other-columns.ts";
import { makeRedisColumn } from "./matrix/redis-column.ts";
import { renderPage, type Shown } from "./matrix/render-page.ts";
import { runCell } from "./matrix/run-cell.ts";
import { makeMariadbColumn, makeNewerPostgresqlColumn, makePostgresqlColumn } from "./matrix/sql-columns.ts";

const PAGE = new URL("../../docs/engines/fault-matrix.md", import.meta.url).pathname;

const COLUMNS: readonly Column[] = [
  await makeMariadbColumn(),
  await makePostgresqlColumn(),
  await makeNewerPostgresqlColumn(),
  makeOracleColumn(),
  await makeRedisColumn(),
  makeMongoColumn(),
  makeElasticsearchColumn(),
  makeApiColumn(),
];
const ALL = Object.keys(ILLNESSES) as Illness[];
const shown: Shown[] = [];

test("every kind has a column, and every column a cell for every illness", () => {
  expect(new Set(COLUMNS.map(({ kind }) => kind))).toEqual(new Set(MONITOR_KINDS));
  for (const { cells } of COLUMNS) expect(Object.keys(cells).sort()).toEqual([...ALL].sort());
});

describe.each(COLUMNS)("$kind, $server", (column) => {
  const { missing, cells } = column;
  beforeAll(async () => {
    if (missing === undefined) await column.setUp();
  });
  afterAll(async () => {
    if (missing === undefined) await column.tearDown();
  });

  for (const illness of ALL) {
    const cell = cells[illness];
    if (!("by" in cell)) continue;
    test(ILLNESSES[illness], async (context) => {
      if (cell.by === "engine" && missing !== undefined) return context.skip(missing);
      shown.push({ column, illness, judgement: await runCell(column, cell, context) });
    });
  }
});

test("the page is what this run has shown", async ({ skip }) => {
  const wanted = COLUMNS.flatMap(({ cells }) => Object.values(cells).filter((cell) => "by" in cell)).length;
  if (shown.length < wanted) skip(`${wanted - shown.length} cells were not run here, each with its reason`);
  await expect(renderPage(COLUMNS, shown)).toMatchFileSnapshot(PAGE);
});
