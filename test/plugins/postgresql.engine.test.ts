import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testCertificateEnds } from "../agents/doctor/certificate-suite.ts";
import { eventually } from "../eventually.ts";
import { testClientCertificates } from "./client-certificate-suite.ts";
import { describePlugin } from "./engine-suite.ts";
import {
  administer,
  ask,
  ENCRYPTED,
  fill,
  POSTGRESQL,
  useCertificate,
  useRules,
} from "./servers/postgresql.ts";
import { testTls, testTlsCrash } from "./tls-suite.ts";

await describePlugin("PostgreSQL", POSTGRESQL, (fixture) => {
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
  testCertificateEnds({
    kind: "postgresql",
    async show(certificate, authority) {
      await useCertificate(server(), certificate, authority);
      return server().settings;
    },
  });
  testTlsCrash(fixture);
});
