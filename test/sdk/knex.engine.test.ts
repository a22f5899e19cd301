import knex, { type Knex } from "knex";
import { openMysql } from "../../sdk/open-mysql.ts";
import { openPostgres } from "../../sdk/open-postgres.ts";
import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import { describeOrm, ITEM, type Orm } from "./orm-suite.ts";

function adapt(source: RoutedSource, db: Knex, port: () => Promise<number>): Orm {
  const inserting = (into: Knex) => async (id: string) => into("orders").insert({ id, item: ITEM });
  return {
    source,
    port,
    insert: inserting(db),
    items: (id) => db("orders").where({ id }).pluck("item"),
    transaction: (work) => db.transaction((transaction) => work({ insert: inserting(transaction) })),
    async close() {
      await db.destroy();
      await source.close();
    },
  };
}

describeOrm({
  name: "knex",
  engine: "postgresql",
  portBase: 22_700,
  async open(sites) {
    const source = await openPostgres(sites.config, { snapshotFile: false });
    const db = knex({ client: "pg", connectionPool: source.pool });
    return adapt(source, db, async () => {
      const { rows } = await db.raw("SELECT inet_server_port() AS port");
      return rows[0].port;
    });
  },
});

describeOrm({
  name: "knex",
  engine: "mysql",
  portBase: 22_700,
  async open(sites) {
    const source = await openMysql(sites.config, { snapshotFile: false });
    const db = knex({ client: "mysql2", connectionPool: source.pool });
    return adapt(source, db, async () => {
      const [rows] = await db.raw("SELECT @@port AS port");
      return rows[0].port;
    });
  },
});
