import { ADMIN_USER } from "@evenkeel/lab/engines/engine-handle";
import { connectMariadb } from "@evenkeel/lab/engines/mariadb-connection";
import { loadSecrets } from "@evenkeel/lab/engines/secrets";
import type { RowDataPacket } from "mysql2";
import { createMysqlSide } from "../../sdk/mysql/mysql-side.ts";
import { createRoutedMysql } from "../../sdk/mysql/routed-mysql.ts";
import { openMysql } from "../../sdk/open-mysql.ts";
import { followHome } from "./follow-home.ts";
import { describeReads } from "./reads-suite.ts";
import type { TwoSites } from "./two-sites.ts";

const WRITE = "INSERT INTO orders (id, item) VALUES ('refused', 'x')";
const first = (rows: unknown): unknown => Object.values((rows as RowDataPacket[])[0] ?? {})[0];

/** Makes the home's server refuse writes, or take them again. */
function setReadOnly(sites: TwoSites, value: 0 | 1): Promise<unknown> {
  const { host, port } = sites.engine.dataCentres.dc1;
  const password = loadSecrets(sites.directory).passwords["mysql-admin"];
  return connectMariadb({ host, port, user: ADMIN_USER, password }, (ask) =>
    ask(`SET GLOBAL read_only = ${value}`),
  );
}

describeReads({
  engine: "mysql",
  portBase: 26_300,
  refusal: { errno: 1290 },
  half: "BEGIN NOT ATOMIC SELECT 1; INSERT INTO orders (id, item) VALUES ('half', 'x'); END",
  async runRefused(sites, reread, sql) {
    const home = followHome(sites, (request) => createMysqlSide(request, {}), reread, 1);
    const pool = createRoutedMysql(home);
    await setReadOnly(sites, 1);
    try {
      return await pool.query(sql);
    } finally {
      await setReadOnly(sites, 0);
      await pool.end();
    }
  },
  async writeRefused(sites, reread) {
    const pool = createRoutedMysql(followHome(sites, (request) => createMysqlSide(request, {}), reread));
    await setReadOnly(sites, 1);
    try {
      const connection = await pool.getConnection();
      const throughCallback = new Promise((_resolve, reject) => pool.pool.query(WRITE, reject));
      const refused = [
        pool.query(WRITE),
        connection.query(WRITE),
        connection.execute(WRITE),
        throughCallback,
      ];
      const outcomes = await Promise.all(refused.map((each) => each.catch((error: unknown) => error)));
      connection.release();
      return outcomes;
    } finally {
      await setReadOnly(sites, 0);
      await pool.end();
    }
  },
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
