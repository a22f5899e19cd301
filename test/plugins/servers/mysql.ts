import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startMariadb } from "@evenkeel/lab/engines/mariadb";
import { connectMariadb } from "@evenkeel/lab/engines/mariadb-connection";
import { createConnection } from "mysql2/promise";
import { expect } from "vitest";
import { eventually } from "../../eventually.ts";
import type { EngineFixture, EngineUnderTest, ServerUnderTest } from "../engine-suite.ts";
import { holdSlots, KEPT_SESSIONS } from "../hold-slots.ts";
import type { TestCertificate } from "../test-certificates.ts";

export async function administer({ host, port, admin }: ServerUnderTest, statement: string): Promise<void> {
  await connectMariadb({ host, port, ...admin }, async (ask) => await ask(statement));
}

/** The server's smallest limit. */
const LIMIT = 10;
/** The server in dc2 follows this one over a connection that counts. */
const REPLICAS = 1;
const REPLICA_WAIT = { timeout: 20_000, interval: 50 };

export async function countReplicas({ host, port, admin }: ServerUnderTest): Promise<number> {
  return await connectMariadb({ host, port, ...admin }, async (ask) => {
    const rows = await ask("SHOW PROCESSLIST");
    return rows.filter((row) => String(row.Command).startsWith("Binlog Dump")).length;
  });
}

export async function fill(server: ServerUnderTest): Promise<() => Promise<void>> {
  const { settings, host, port } = server;
  await eventually(async () => expect(await countReplicas(server)).toBe(REPLICAS), REPLICA_WAIT);
  await administer(server, `SET GLOBAL max_connections = ${LIMIT}`);
  const user = { user: String(settings.user), password: String(settings.password) };
  const connections = await holdSlots(
    LIMIT - REPLICAS - KEPT_SESSIONS,
    async () => await createConnection({ host, port, ...user }),
    (error) => (error as { errno?: number }).errno === 1040,
  );
  return async () => {
    for (const connection of connections) connection.destroy();
    await administer(server, "SET GLOBAL max_connections = 100");
  };
}

/** MariaDB reads that it has TLS when it starts only. */
export async function useCertificate(
  fixture: Pick<EngineFixture, "handle" | "server">,
  { cert, key }: TestCertificate,
  clientAuthority = cert,
): Promise<void> {
  const { process: server } = fixture.handle().dataCentres.dc1;
  const folder = join(fixture.server().stateDir, "mysql", "dc1");
  const settings = join(folder, "my.cnf");
  const files = { ssl_cert: cert, ssl_key: key, ssl_ca: clientAuthority };
  const lines = Object.entries(files).map(([name, pem]) => {
    writeFileSync(join(folder, name), pem, { mode: 0o600 });
    return `${name} = ${join(folder, name)}\n`;
  });
  const text = readFileSync(settings, "utf8").replace(/^ssl_.*\n/gm, "");
  writeFileSync(settings, `${text}${lines.join("")}`);
  await server.kill();
  expect(await server.revive()).toEqual({ ok: true });
}

/** Whether every session of the monitor's account is encrypted, by the server's own count of finished handshakes. */
export async function isEncrypted({ host, port, admin }: ServerUnderTest): Promise<boolean> {
  return await connectMariadb({ host, port, ...admin }, async (ask) => {
    const [row] = await ask("SHOW GLOBAL STATUS LIKE 'Ssl_finished_accepts'");
    return Number(row?.Value) > 0;
  });
}

/** What the tests need to know of MariaDB. */
export const MARIADB: EngineUnderTest = {
  kind: "mysql",
  program: "mariadb",
  adminPassword: "mysql-admin",
  start: startMariadb,
  wrongPasswordCode: "1045",
  missingDatabaseCode: "1044",
  fullCode: "1040",
  setReadOnly: async (server, on) => await administer(server, `SET GLOBAL read_only = ${on ? "ON" : "OFF"}`),
  fill,
};
