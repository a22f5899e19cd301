import { DataSource, type EntityManager, EntitySchema } from "typeorm";
import { openMysql } from "../../sdk/open-mysql.ts";
import { openPostgres } from "../../sdk/open-postgres.ts";
import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import { describeOrm, ITEM, type Orm } from "./orm-suite.ts";

const Order = new EntitySchema<{ id: string; item: string }>({
  name: "Order",
  tableName: "orders",
  columns: { id: { type: "varchar", primary: true }, item: { type: "varchar" } },
});

async function adapt(source: RoutedSource, db: DataSource, askPort: string): Promise<Orm> {
  await db.initialize();
  const inserting = (into: EntityManager) => (id: string) => into.insert(Order, { id, item: ITEM });
  return {
    source,
    insert: inserting(db.manager),
    port: async () => Number((await db.query(askPort))[0].port),
    items: async (id) => (await db.manager.findBy(Order, { id })).map(({ item }) => item),
    transaction: (work) => db.transaction((manager) => work({ insert: inserting(manager) })),
    // This ends the pool, and the pool's end is the source's.
    close: () => db.destroy(),
  };
}

describeOrm({
  name: "typeorm",
  engine: "postgresql",
  portBase: 22_700,
  async open(sites) {
    const source = await openPostgres(sites.config, { snapshotFile: false });
    const db = new DataSource({ type: "postgres", driver: source.driver, entities: [Order] });
    return adapt(source, db, "SELECT inet_server_port() AS port");
  },
});

describeOrm({
  name: "typeorm",
  engine: "mysql",
  portBase: 22_700,
  async open(sites) {
    const source = await openMysql(sites.config, { snapshotFile: false });
    const db = new DataSource({ type: "mysql", driver: source.driver, entities: [Order] });
    return adapt(source, db, "SELECT @@port AS port");
  },
});
