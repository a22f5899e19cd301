import { openPostgres } from "../../sdk/open-postgres.ts";
import { describeSource } from "./source-suite.ts";

describeSource({
  engine: "postgresql",
  portBase: 22400,
  async open(sites, config, options) {
    const source = await openPostgres(config, options);
    const { pool } = source;
    const insert = "INSERT INTO orders (id, item) VALUES ($1, 'test')";
    return {
      source,
      async where() {
        const { rows } = await pool.query<{ port: number }>("SELECT inet_server_port() AS port");
        return rows[0]?.port === sites.engine.dataCentres.dc1.port ? "dc1" : "dc2";
      },
      write: async (id) => void (await pool.query(insert, [id])),
      async begin() {
        const client = await pool.connect();
        await client.query("BEGIN");
        return {
          write: async (id) => void (await client.query(insert, [id])),
          commit: async () => void (await client.query("COMMIT")),
          release: () => client.release(),
        };
      },
    };
  },
});
