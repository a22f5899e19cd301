import { eq, sql } from "drizzle-orm";
import { mysqlTable, varchar } from "drizzle-orm/mysql-core";
import { drizzle as drizzleMysql } from "drizzle-orm/mysql2";
import { drizzle as drizzlePostgres } from "drizzle-orm/node-postgres";
import { pgTable, text } from "drizzle-orm/pg-core";
import { openMysql } from "../../sdk/open-mysql.ts";
import { openPostgres } from "../../sdk/open-postgres.ts";
import { describeOrm, ITEM } from "./orm-suite.ts";

describeOrm({
  name: "drizzle",
  engine: "postgresql",
  portBase: 22_700,
  async open(sites) {
    const source = await openPostgres(sites.config, { snapshotFile: false });
    const orders = pgTable("orders", { id: text().primaryKey(), item: text().notNull() });
    const db = drizzlePostgres({ client: source.pool });
    const inserting = (into: Pick<typeof db, "insert">) => async (id: string) =>
      into.insert(orders).values({ id, item: ITEM });
    return {
      source,
      insert: inserting(db),
      port: async () => {
        const { rows } = await db.execute<{ port: number }>(sql`SELECT inet_server_port() AS port`);
        return rows[0]?.port ?? 0;
      },
      items: async (id) => (await db.select().from(orders).where(eq(orders.id, id))).map(({ item }) => item),
      transaction: (work) => db.transaction((transaction) => work({ insert: inserting(transaction) })),
      close: () => source.close(),
    };
  },
});

describeOrm({
  name: "drizzle",
  engine: "mysql",
  portBase: 22_700,
  async open(sites) {
    const source = await openMysql(sites.config, { snapshotFile: false });
    const id64 = varchar({ length: 64 });
    const orders = mysqlTable("orders", { id: id64.primaryKey(), item: varchar({ length: 255 }).notNull() });
    const db = drizzleMysql({ client: source.pool });
    const inserting = (into: Pick<typeof db, "insert">) => async (id: string) =>
      into.insert(orders).values({ id, item: ITEM });
    return {
      source,
      insert: inserting(db),
      port: async () => {
        const [rows] = await db.execute(sql`SELECT @@port AS port`);
        return (rows as unknown as { port: number }[])[0]?.port ?? 0;
      },
      items: async (id) => (await db.select().from(orders).where(eq(orders.id, id))).map(({ item }) => item),
      transaction: (work) => db.transaction((transaction) => work({ insert: inserting(transaction) })),
      close: () => source.close(),
    };
  },
});
