import type { RowDataPacket } from "mysql2";
import { openMysql } from "../../sdk/open-mysql.ts";
import { describeReads } from "./reads-suite.ts";

const first = (rows: unknown): unknown => Object.values((rows as RowDataPacket[])[0] ?? {})[0];

describeReads({
  engine: "mysql",
  portBase: 26_300,
  async open(config) {
    const source = await openMysql(config, { snapshotFile: false, connectTimeoutMs: 1000 });
    return {
      source,
      run: async (sql) => first((await source.pool.query(sql))[0]),
      async inTransaction(statements) {
        const connection = await source.pool.getConnection();
        await connection.beginTransaction();
        const found: unknown[] = [];
        for (const sql of statements) found.push(first((await connection.query(sql))[0]));
        await connection.commit();
        connection.release();
        return found;
      },
    };
  },
});
