import { Kysely, MysqlDialect, PostgresDialect, sql } from "kysely";
import { expect, test } from "vitest";
import { openMysql } from "../../sdk/open-mysql.ts";
import { openPostgres } from "../../sdk/open-postgres.ts";
import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import { eventually } from "../eventually.ts";
import { describeOrm, ITEM, type Orm } from "./orm-suite.ts";
import { startTwoSites } from "./two-sites.ts";

interface Database {
  orders: { id: string; item: string };
}

function adapt(source: RoutedSource, db: Kysely<Database>, port: () => Promise<number>): Orm {
  const inserting = (into: Kysely<Database>) => (id: string) =>
    into.insertInto("orders").values({ id, item: ITEM }).execute();
  return {
    source,
    port,
    insert: inserting(db),
    items: async (id) => {
      const rows = await db.selectFrom("orders").select("item").where("id", "=", id).execute();
      return rows.map(({ item }) => item);
    },
    transaction: (work) =>
      db.transaction().execute((transaction) => work({ insert: inserting(transaction) })),
    // This ends the pool, and the pool's end is the source's.
    close: () => db.destroy(),
  };
}

describeOrm({
  name: "kysely",
  engine: "postgresql",
  portBase: 22_700,
  async open(sites) {
    const source = await openPostgres(sites.config, { snapshotFile: false });
    const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: source.pool }) });
    return adapt(source, db, async () => {
      const { rows } = await sql<{ port: number }>`SELECT inet_server_port() AS port`.execute(db);
      return rows[0]?.port ?? 0;
    });
  },
});

describeOrm({
  name: "kysely",
  engine: "mysql",
  portBase: 22_700,
  async open(sites) {
    const source = await openMysql(sites.config, { snapshotFile: false });
    const db = new Kysely<Database>({ dialect: new MysqlDialect({ pool: source.pool.pool }) });
    return adapt(source, db, async () => {
      const { rows } = await sql<{ port: number }>`SELECT @@port AS port`.execute(db);
      return rows[0]?.port ?? 0;
    });
  },
});

test("kysely cancels a query that was aborted on the server that runs it", async (context) => {
  const sites = await startTwoSites("postgresql", 22_700);
  if (typeof sites === "string") return context.skip(sites);
  try {
    await sites.route({ active: "dc1" });
    const { pool, close } = await openPostgres(sites.config, { snapshotFile: false });
    const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
    const running = async () => {
      const asked = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(600)'";
      return (await pool.query(asked)).rows.length;
    };
    const abort = new AbortController();
    const sleeping = sql`SELECT pg_sleep(600)`.execute(db, {
      signal: abort.signal,
      inflightQueryAbortStrategy: "cancel query",
    });
    const ended = sleeping.then(
      () => "slept",
      () => "aborted",
    );
    await eventually(async () => expect(await running()).toBe(1));
    abort.abort();
    expect(await ended).toBe("aborted");
    await eventually(async () => expect(await running()).toBe(0));
    await close();
  } finally {
    await sites.destroy();
  }
});
