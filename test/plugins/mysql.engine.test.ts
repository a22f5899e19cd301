import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startMariadb } from "@evenkeel/lab/engines/mariadb";
import { connectMariadb } from "@evenkeel/lab/engines/mariadb-connection";
import { createConnection } from "mysql2/promise";
import { expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { testClientCertificates } from "./client-certificate-suite.ts";
import { describePlugin, type EngineFixture, type ServerUnderTest } from "./engine-suite.ts";
import { holdSlots, KEPT_SESSIONS } from "./hold-slots.ts";
import type { TestCertificate } from "./test-certificates.ts";
import { testTls, testTlsCrash } from "./tls-suite.ts";

async function administer({ host, port, admin }: ServerUnderTest, statement: string): Promise<void> {
  await connectMariadb({ host, port, ...admin }, async (ask) => await ask(statement));
}

/** The server's smallest limit. */
const LIMIT = 10;
/** The server in dc2 follows this one over a connection that counts. */
const REPLICAS = 1;
const REPLICA_WAIT = { timeout: 20_000, interval: 50 };

async function countReplicas({ host, port, admin }: ServerUnderTest): Promise<number> {
  return await connectMariadb({ host, port, ...admin }, async (ask) => {
    const rows = await ask("SHOW PROCESSLIST");
    return rows.filter((row) => String(row.Command).startsWith("Binlog Dump")).length;
  });
}

async function fill(server: ServerUnderTest): Promise<() => Promise<void>> {
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
async function useCertificate(
  fixture: EngineFixture,
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
async function isEncrypted({ host, port, admin }: ServerUnderTest): Promise<boolean> {
  return await connectMariadb({ host, port, ...admin }, async (ask) => {
    const [row] = await ask("SHOW GLOBAL STATUS LIKE 'Ssl_finished_accepts'");
    return Number(row?.Value) > 0;
  });
}

await describePlugin(
  "MariaDB",
  {
    kind: "mysql",
    program: "mariadb",
    adminPassword: "mysql-admin",
    start: startMariadb,
    wrongPasswordCode: "1045",
    missingDatabaseCode: "1044",
    fullCode: "1040",
    setReadOnly: async (server, on) =>
      await administer(server, `SET GLOBAL read_only = ${on ? "ON" : "OFF"}`),
    fill,
  },
  (fixture) => {
    const { probeFresh, server } = fixture;

    test("[SAFE-5] an account that may not use the database is told like a missing one", async () => {
      await administer(server(), "CREATE DATABASE hidden");
      expect(await probeFresh({ monitoredDatabase: "hidden" })).toMatchObject({
        verdict: "config",
        reason: "unknown-database",
        code: "1044",
        advice: expect.stringContaining("GRANT"),
      });
      await administer(server(), "DROP DATABASE hidden");
    });

    test("an account with no right but to log in can probe", async () => {
      await administer(server(), "CREATE USER bare@127.0.0.1 IDENTIFIED BY 'bare-password'");
      const bare = { user: "bare", password: "bare-password", monitoredDatabase: "information_schema" };
      expect((await probeFresh(bare)).verdict).toBe("up");
      await administer(server(), "DROP USER bare@127.0.0.1");
    });

    testTls(fixture, async (_, certificate) => await useCertificate(fixture, certificate), isEncrypted);
    testClientCertificates(fixture, {
      async demand(certificate, clientAuthority) {
        await useCertificate(fixture, certificate, clientAuthority);
        await administer(server(), `ALTER USER ${server().settings.user}@127.0.0.1 REQUIRE X509`);
        return {};
      },
      refusals: [
        { reason: "auth-failed", code: "1045" },
        // Whom the server does not know it does not even let into TLS.
        { reason: "tls-failed", code: "TLS_ALERT_UNKNOWN_CA" },
      ],
      relent: async () =>
        await administer(server(), `ALTER USER ${server().settings.user}@127.0.0.1 REQUIRE NONE`),
    });
    testTlsCrash(fixture);
  },
);
