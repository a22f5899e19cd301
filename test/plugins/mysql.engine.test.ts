import { startMariadb } from "@evenkeel/lab/engines/mariadb";
import { connectMariadb } from "@evenkeel/lab/engines/mariadb-connection";
import { createConnection } from "mysql2/promise";
import { describePlugin, type ServerUnderTest } from "./engine-suite.ts";

async function administer({ host, port, admin }: ServerUnderTest, statement: string): Promise<void> {
  await connectMariadb({ host, port, ...admin }, async (ask) => await ask(statement));
}

/** The server's smallest limit. */
const LIMIT = 10;

async function fill(server: ServerUnderTest): Promise<() => Promise<void>> {
  const { settings, host, port } = server;
  await administer(server, `SET GLOBAL max_connections = ${LIMIT}`);
  const connections: { destroy(): void }[] = [];
  for (let isFull = false; !isFull; ) {
    isFull = await createConnection({
      host,
      port,
      user: String(settings.user),
      password: String(settings.password),
    }).then(
      (connection) => {
        connections.push(connection);
        return false;
      },
      (error: { errno?: number }) => {
        if (error.errno !== 1040) throw error;
        return true;
      },
    );
  }
  return async () => {
    for (const connection of connections) connection.destroy();
    await administer(server, "SET GLOBAL max_connections = 100");
  };
}

await describePlugin("MariaDB", {
  kind: "mysql",
  program: "mariadb",
  adminPassword: "mysql-admin",
  start: startMariadb,
  wrongPasswordCode: "1045",
  missingDatabaseCode: "1044",
  fullCode: "1040",
  setReadOnly: async (server, on) => await administer(server, `SET GLOBAL read_only = ${on ? "ON" : "OFF"}`),
  fill,
});
