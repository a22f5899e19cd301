import { openPostgres } from "../../sdk/open-postgres.ts";
import { describeReads } from "./reads-suite.ts";

const first = ({ rows }: { rows: Record<string, unknown>[] }): unknown => Object.values(rows[0] ?? {})[0];

describeReads({
  engine: "postgresql",
  portBase: 26_400,
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
