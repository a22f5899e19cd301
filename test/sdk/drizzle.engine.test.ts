import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { drizzle as drizzleMysql } from "drizzle-orm/mysql2";
import { drizzle as drizzlePostgres } from "drizzle-orm/node-postgres";
import type { Pool } from "mysql2/promise";
import { expect, test } from "vitest";
import { openMysql } from "../../sdk/open-mysql.ts";
import { openPostgres } from "../../sdk/open-postgres.ts";
import { startTwoSites } from "./two-sites.ts";

const SLOW_MS = 120_000;
const PLANNED = "operator:a test";

test("drizzle on PostgreSQL takes the pool for a pool: a transaction stays on one connection over a switch", {
  timeout: SLOW_MS,
}, async (context) => {
  const sites = await startTwoSites("postgresql", 22400);
  if (typeof sites === "string") return context.skip(sites);
  try {
    await sites.route({ active: "dc1" });
    const source = await openPostgres(sites.config, { snapshotFile: false });
    const db = drizzlePostgres({ client: source.pool });
    const ids = [randomUUID(), randomUUID()] as const;
    const switched = new Promise((resolve) => source.on("switched", resolve));
    await db.transaction(async (transaction) => {
      await transaction.execute(sql`INSERT INTO orders (id, item) VALUES (${ids[0]}, 'test')`);
      await sites.route({ active: "dc2", decidedBy: PLANNED });
      await switched;
      await transaction.execute(sql`INSERT INTO orders (id, item) VALUES (${ids[1]}, 'test')`);
    });
    const { rows } = await db.execute(sql`SELECT inet_server_port() AS port`);
    expect(rows).toEqual([{ port: sites.engine.dataCentres.dc2.port }]);
    expect((await sites.engine.holdsOrders("dc1", ids)).size).toBe(2);
    await source.close();
  } finally {
    await sites.destroy();
  }
});

test("drizzle on MySQL takes the pool for a pool: a transaction stays on one connection over a switch", {
  timeout: SLOW_MS,
}, async (context) => {
  const sites = await startTwoSites("mysql", 22500);
  if (typeof sites === "string") return context.skip(sites);
  try {
    await sites.route({ active: "dc1" });
    const source = await openMysql(sites.config, { snapshotFile: false });
    // drizzle's type asks for the whole class of mysql2's pool; it uses what we have.
    const db = drizzleMysql({ client: source.pool as unknown as Pool });
    const ids = [randomUUID(), randomUUID()] as const;
    const switched = new Promise((resolve) => source.on("switched", resolve));
    await db.transaction(async (transaction) => {
      await transaction.execute(sql`INSERT INTO orders (id, item) VALUES (${ids[0]}, 'test')`);
      await sites.route({ active: "dc2", decidedBy: PLANNED });
      await switched;
      await transaction.execute(sql`INSERT INTO orders (id, item) VALUES (${ids[1]}, 'test')`);
    });
    const [rows] = await db.execute(sql`SELECT @@port AS port`);
    expect(rows).toEqual([{ port: sites.engine.dataCentres.dc2.port }]);
    expect((await sites.engine.holdsOrders("dc1", ids)).size).toBe(2);
    await source.close();
  } finally {
    await sites.destroy();
  }
});
