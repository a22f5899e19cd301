import { chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startPostgresql } from "@evenkeel/lab/engines/postgresql";
import { connectPostgresql } from "@evenkeel/lab/engines/postgresql-connection";
import pg from "pg";
import { expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { testClientCertificates } from "./client-certificate-suite.ts";
import { describePlugin, type ServerUnderTest } from "./engine-suite.ts";
import { holdSlots, KEPT_SESSIONS } from "./hold-slots.ts";
import type { TestCertificate } from "./test-certificates.ts";
import { testTls, testTlsCrash } from "./tls-suite.ts";

async function administer(server: ServerUnderTest, statements: readonly string[]): Promise<void> {
  const { host, port, admin } = server;
  await connectPostgresql({ host, port, ...admin, database: "postgres" }, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

/** Takes every connection that the server has for ordinary accounts. */
async function fill(server: ServerUnderTest): Promise<() => Promise<void>> {
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
async function useRules(server: ServerUnderTest, rules: string): Promise<void> {
  writeFileSync(join(await ask(server, "SHOW data_directory"), "pg_hba.conf"), rules);
  await administer(server, ["SELECT pg_reload_conf()"]);
}

/** Puts a certificate beside the server's files, as its owner, and has it read anew. */
async function useCertificate(
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

async function ask({ host, port, admin }: ServerUnderTest, question: string): Promise<string> {
  return await connectPostgresql({ host, port, ...admin, database: "postgres" }, async (client) =>
    String(Object.values((await client.query(question)).rows[0] ?? {})[0]),
  );
}

const ENCRYPTED =
  "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'evenkeel-agent'";

await describePlugin(
  "PostgreSQL",
  {
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
  },
  (fixture) => {
    const { open, probeFresh, server } = fixture;

    test("[SAFE-5] a host that pg_hba.conf does not name is config, with the line to add", async () => {
      const rules = join(await ask(server(), "SHOW data_directory"), "pg_hba.conf");
      const before = readFileSync(rules, "utf8");
      writeFileSync(rules, `host all ${server().admin.user} 127.0.0.1/32 scram-sha-256\n`);
      await administer(server(), ["SELECT pg_reload_conf()"]);
      try {
        await eventually(async () =>
          expect(await probeFresh()).toMatchObject({
            verdict: "config",
            reason: "auth-failed",
            code: "28000",
            advice: expect.stringContaining(
              `host "${server().settings.monitoredDatabase}" "${server().settings.user}"`,
            ),
          }),
        );
      } finally {
        writeFileSync(rules, before);
        await administer(server(), ["SELECT pg_reload_conf()"]);
      }
      await eventually(async () => expect((await probeFresh()).verdict).toBe("up"));
    });

    test("a session that an administrator ends is told at once", async () => {
      const { probe, closed, destroy } = open();
      await probe();
      await administer(server(), [
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'evenkeel-agent'",
      ]);
      await closed;
      expect((await probe()).judgement).toMatchObject({
        verdict: "down",
        reason: "shutting-down",
        code: "57P01",
      });
      expect((await probeFresh()).verdict).toBe("up");
      destroy();
    });

    test("an account without pg_monitor counts the connections too", async () => {
      await administer(server(), [`REVOKE pg_monitor FROM ${server().settings.user}`]);
      const release = await fill(server());
      const { probe, destroy } = open();
      await release();
      try {
        expect((await probe()).judgement).toMatchObject({
          verdict: "up",
          words: expect.stringMatching(/[1-9] of 97 /),
        });
      } finally {
        destroy();
        await administer(server(), [`GRANT pg_monitor TO ${server().settings.user}`]);
      }
    });

    testTls(fixture, useCertificate, async (server) => (await ask(server, ENCRYPTED)) === "true");
    let rules = "";
    testClientCertificates(fixture, {
      async demand(certificate, clientAuthority) {
        const { user } = server().settings;
        rules ||= readFileSync(join(await ask(server(), "SHOW data_directory"), "pg_hba.conf"), "utf8");
        await useCertificate(server(), certificate, clientAuthority);
        const strict = `hostssl all ${user} 127.0.0.1/32 scram-sha-256 clientcert=verify-ca`;
        await useRules(server(), `${strict}\nhost all ${user} 127.0.0.1/32 reject\n${rules}`);
        return {};
      },
      refusals: [
        { reason: "auth-failed", code: "28000" },
        { reason: "tls-failed", code: "TLS_ALERT_UNKNOWN_CA" },
      ],
      relent: async () => await useRules(server(), rules),
    });
    testTlsCrash(fixture);
  },
);
