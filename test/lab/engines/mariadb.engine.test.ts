import type { EngineDataCentre, EngineUser } from "@evenkeel/lab/engines/engine-handle";
import { startMariadb } from "@evenkeel/lab/engines/mariadb";
import { connectMariadb } from "@evenkeel/lab/engines/mariadb-connection";
import { describeOrderDatabase } from "./order-database.ts";

async function query(
  { host, port, database = "" }: EngineDataCentre,
  account: EngineUser,
  sql: string,
  values: unknown[] = [],
) {
  return await connectMariadb({ host, port, database, ...account }, async (ask) => await ask(sql, values));
}

await describeOrderDatabase("MariaDB", {
  program: "mariadb",
  replicates: true,
  start: startMariadb,
  place: async (server, ids) => {
    await query(server, server.users.app, "INSERT INTO orders (id, item) VALUES ?", [
      ids.map((id) => [id, "tea"]),
    ]);
  },
  pingAsProbe: async (server) => {
    await query(server, server.users.probe, "SELECT 1, @@read_only, @@gtid_binlog_pos");
    return await query(server, server.users.probe, "SHOW SLAVE STATUS");
  },
  readAsProbe: async (server) => await query(server, server.users.probe, "SELECT id FROM orders"),
  connectWithout: async (server) => await query(server, { user: "shop_app", password: "" }, "SELECT 1"),
});
