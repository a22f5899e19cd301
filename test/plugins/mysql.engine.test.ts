import { expect, test } from "vitest";
import { testCertificateEnds } from "../agents/doctor/certificate-suite.ts";
import { testClientCertificates } from "./client-certificate-suite.ts";
import { describePlugin } from "./engine-suite.ts";
import { administer, isEncrypted, MARIADB, useCertificate } from "./servers/mysql.ts";
import { testTls, testTlsCrash } from "./tls-suite.ts";

await describePlugin("MariaDB", MARIADB, (fixture) => {
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
  testCertificateEnds({
    kind: "mysql",
    async show(certificate, authority) {
      await useCertificate(fixture, certificate, authority);
      return server().settings;
    },
  });
  testTlsCrash(fixture);
});
