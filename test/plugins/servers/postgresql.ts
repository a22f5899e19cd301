import { chownSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startPostgresql } from "@evenkeel/lab/engines/postgresql";
import { connectPostgresql } from "@evenkeel/lab/engines/postgresql-connection";
import pg from "pg";
import { expect } from "vitest";
import { eventually } from "../../eventually.ts";
import type { EngineUnderTest, ServerUnderTest } from "../engine-suite.ts";
import { holdSlots, KEPT_SESSIONS } from "../hold-slots.ts";
import type { TestCertificate } from "../test-certificates.ts";

export async function administer(server: ServerUnderTest, statements: readonly string[]): Promise<void> {
  const { host, port, admin } = server;
  await connectPostgresql({ host, port, ...admin, database: "postgres" }, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

/** Takes every connection that the server has for ordinary accounts. */
export async function fill(server: ServerUnderTest): Promise<() => Promise<void>> {
  const { settings, host, port } = server;
  const login = { user: String(settings.user), password: String(settings.password) };
  const slots =
    Number(await ask(server, "SHOW max_connections")) -
    Number(await ask(server, "SHOW superuser_reserved_connections"));
  const clients = await holdSlots(
    slots - KEPT_SESSIONS,
    async () => {
      const client = new pg.Client({ host, port, ...login, database: String(settings.monitoredDatabase) });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
    (error) => (error as { code?: string }).code === "53300",
  );
  return async () => {
    await Promise.all(clients.map((client) => client.end()));
  };
}

/** Whom the server lets in, line by line; it reads them anew. */
export async function useRules(server: ServerUnderTest, rules: string): Promise<void> {
  writeFileSync(join(await ask(server, "SHOW data_directory"), "pg_hba.conf"), rules);
  await administer(server, ["SELECT pg_reload_conf()"]);
}

/** Puts a certificate beside the server's files, as its owner, and has it read anew. */
export async function useCertificate(
  server: ServerUnderTest,
  { cert, key }: TestCertificate,
  clientAuthority = cert,
): Promise<void> {
  const folder = join(await ask(server, "SHOW data_directory"), "tls");
  const { uid, gid } = statSync(join(folder, ".."));
  mkdirSync(folder, { recursive: true });
  for (const [name, pem] of [
    ["server.crt", cert],
    ["server.key", key],
    ["clients.crt", clientAuthority],
  ] as const) {
    writeFileSync(join(folder, name), pem, { mode: 0o600 });
    chownSync(join(folder, name), uid, gid);
  }
  chownSync(folder, uid, gid);
  await administer(server, [
    `ALTER SYSTEM SET ssl_cert_file = '${folder}/server.crt'`,
    `ALTER SYSTEM SET ssl_key_file = '${folder}/server.key'`,
    `ALTER SYSTEM SET ssl_ca_file = '${folder}/clients.crt'`,
    "ALTER SYSTEM SET ssl = on",
    "SELECT pg_reload_conf()",
  ]);
  await eventually(async () => expect(await ask(server, "SHOW ssl")).toBe("on"));
}

export async function ask({ host, port, admin }: ServerUnderTest, question: string): Promise<string> {
  return await connectPostgresql({ host, port, ...admin, database: "postgres" }, async (client) =>
    String(Object.values((await client.query(question)).rows[0] ?? {})[0]),
  );
}

export const ENCRYPTED =
  "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'evenkeel-agent'";

/** What the tests need to know of PostgreSQL. */
export const POSTGRESQL: EngineUnderTest = {
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
};
