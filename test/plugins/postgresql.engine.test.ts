import { startPostgresql } from "@evenkeel/lab/engines/postgresql";
import { connectPostgresql } from "@evenkeel/lab/engines/postgresql-connection";
import pg from "pg";
import { describePlugin, type ServerUnderTest } from "./engine-suite.ts";

async function administer(server: ServerUnderTest, statements: readonly string[]): Promise<void> {
  const { host, port, admin } = server;
  await connectPostgresql({ host, port, ...admin, database: "postgres" }, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

/** Opens connections as the monitor's user until the server has no more for ordinary accounts. */
async function fill({ settings, host, port }: ServerUnderTest): Promise<() => Promise<void>> {
  const clients: pg.Client[] = [];
  for (let isFull = false; !isFull; ) {
    const client = new pg.Client({
      host,
      port,
      user: String(settings.user),
      password: String(settings.password),
      database: String(settings.monitoredDatabase),
    });
    client.on("error", () => undefined);
    isFull = await client.connect().then(
      () => false,
      (error: { code?: string }) => {
        if (error.code !== "53300") throw error;
        return true;
      },
    );
    if (!isFull) clients.push(client);
  }
  return async () => {
    await Promise.all(clients.map((client) => client.end()));
  };
}

await describePlugin("PostgreSQL", {
  kind: "postgresql",
  program: "postgresql",
  adminPassword: "postgresql-admin",
  start: startPostgresql,
  wrongPasswordCode: "28P01",
  missingDatabaseCode: "3D000",
  fullCode: "53300",
  setReadOnly: async (server, on) =>
    await administer(server, [
      `ALTER SYSTEM ${on ? "SET default_transaction_read_only = on" : "RESET default_transaction_read_only"}`,
      "SELECT pg_reload_conf()",
    ]),
  fill,
});
