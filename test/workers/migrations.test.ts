import { env } from "cloudflare:workers";
import { MIGRATIONS, migrate } from "@evenkeel/workers/db/migrate";
import * as schema from "@evenkeel/workers/db/schema";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import { beforeAll, describe, expect, it } from "vitest";

const tables = Object.values(schema).filter((entry) => entry instanceof SQLiteTable);

describe("migrations", () => {
  beforeAll(async () => {
    // Several processes start at once: each runs them, and each succeeds.
    await Promise.all([migrate(env.DB), migrate(env.DB), migrate(env.DB)]);
  });

  it("are applied once each, also when several run at the same moment", async () => {
    const { results } = await env.DB.prepare("select name from applied_migrations").all();
    expect(results).toEqual(MIGRATIONS.map(({ name }) => ({ name })));
  });

  it.each(tables.map((table) => [getTableConfig(table).name, table] as const))(
    "make %s as the schema describes it",
    async (name, table) => {
      const { columns, indexes, foreignKeys } = getTableConfig(table);
      const made = await env.DB.prepare(`pragma table_info(${name})`).all<Record<string, unknown>>();
      const primary = new Set(
        getTableConfig(table).primaryKeys.flatMap((key) => key.columns.map((column) => column.name)),
      );
      expect(
        made.results.map(({ name: column, type, notnull, pk }) => [
          column,
          String(type).toLowerCase(),
          notnull,
          Number(pk) > 0,
        ]),
      ).toEqual(
        columns.map((column) => [
          column.name,
          column.getSQLType(),
          column.notNull ? 1 : 0,
          column.primary || primary.has(column.name),
        ]),
      );
      const list = await env.DB.prepare(`pragma index_list(${name})`).all<{
        name: string;
        unique: number;
        origin: string;
      }>();
      const own = list.results
        .filter(({ origin }) => origin === "c")
        .map((index) => `${index.name} ${index.unique}`);
      const wanted = [
        ...indexes.map(({ config }) => `${config.name} ${config.unique ? 1 : 0}`),
        ...columns.filter(({ isUnique }) => isUnique).map(({ uniqueName }) => `${uniqueName} 1`),
      ];
      expect(own.toSorted()).toEqual(wanted.toSorted());
      const keys = await env.DB.prepare(`pragma foreign_key_list(${name})`).all<{
        from: string;
        on_delete: string;
      }>();
      expect(keys.results.map(({ from }) => from).toSorted()).toEqual(
        foreignKeys.flatMap((key) => key.reference().columns.map((column) => column.name)).toSorted(),
      );
      expect(keys.results.every(({ on_delete }) => on_delete === "NO ACTION")).toBe(true);
    },
  );

  it("make no table that the schema does not know", async () => {
    const made = await env.DB.prepare(
      "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like '\\_cf%' escape '\\'",
    ).all<{ name: string }>();
    const known = tables.map((table) => getTableConfig(table).name);
    expect(made.results.map(({ name }) => name).toSorted()).toEqual(
      [...known, "applied_migrations"].toSorted(),
    );
  });
});
