import type { RowDataPacket } from "mysql2/promise";
import { openMysql } from "../../sdk/open-mysql.ts";
import { describeSource } from "./source-suite.ts";

describeSource({
  engine: "mysql",
  portBase: 22500,
  async open(sites, config, options) {
    const source = await openMysql(config, options);
    const { pool } = source;
    const insert = "INSERT INTO orders (id, item) VALUES (?, 'test')";
    return {
      source,
      async where() {
        const [rows] = await pool.query<RowDataPacket[]>("SELECT @@port AS port");
        return rows[0]?.port === sites.engine.dataCentres.dc1.port ? "dc1" : "dc2";
      },
      write: async (id) => void (await pool.execute(insert, [id])),
      async begin() {
        const connection = await pool.getConnection();
        await connection.beginTransaction();
        return {
          write: async (id) => void (await connection.execute(insert, [id])),
          commit: () => connection.commit(),
          release: () => connection.release(),
        };
      },
    };
  },
});
