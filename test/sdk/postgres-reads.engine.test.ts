import { openPostgres } from "../../sdk/open-postgres.ts";
import { createPgSide } from "../../sdk/postgres/pg-side.ts";
import { RoutedPool } from "../../sdk/postgres/routed-pool.ts";
import type { SideRequest } from "../../sdk/switching/create-sides.ts";
import { followHome } from "./follow-home.ts";
import { describeReads } from "./reads-suite.ts";

const WRITE = "INSERT INTO orders (id, item) VALUES ('refused', 'x')";
const first = ({ rows }: { rows: Record<string, unknown>[] }): unknown => Object.values(rows[0] ?? {})[0];

describeReads({
  engine: "postgresql",
  portBase: 26_400,
  refusal: { code: "25006" },
  half: "DO $$ BEGIN INSERT INTO orders (id, item) VALUES ('half', 'x'); END $$",
  async runRefused(sites, reread, sql) {
    const driver = { options: "-c default_transaction_read_only=on" };
    const createSide = (request: SideRequest) =>
      createPgSide(request, request.dataCentre === "dc1" ? driver : {});
    const pool = new RoutedPool(followHome(sites, createSide, reread, 1));
    try {
      return await pool.query(sql);
    } finally {
      await pool.end();
    }
  },
  async writeRefused(sites, reread) {
    const driver = { options: "-c default_transaction_read_only=on" };
    const home = followHome(sites, (request) => createPgSide(request, driver), reread);
    const pool = new RoutedPool(home);
    try {
      const client = await pool.connect();
      const refused = [pool.query(WRITE), client.query(WRITE)];
      const outcomes = await Promise.all(refused.map((each) => each.catch((error: unknown) => error)));
      client.release();
      return outcomes;
    } finally {
      await pool.end();
    }
  },
  async open(config) {
    const source = await openPostgres(config, { snapshotFile: false, connectTimeoutMs: 1000 });
    return {
      source,
      run: async (sql) => first(await source.pool.query(sql)),
      async inTransaction(statements) {
        const client = await source.pool.connect();
        await client.query("BEGIN");
        const found: unknown[] = [];
        for (const sql of statements) found.push(first(await client.query(sql)));
        await client.query("COMMIT");
        client.release();
        return found;
      },
    };
  },
});
