import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testCertificateEnds } from "../agents/doctor/certificate-suite.ts";
import { eventually } from "../eventually.ts";
import { testClientCertificates } from "./client-certificate-suite.ts";
import { describePlugin } from "./engine-suite.ts";
import { administer, REDIS, useCertificate } from "./servers/redis.ts";

await describePlugin("Redis", REDIS, (fixture) => {
  const { probeFresh, server } = fixture;

  test("[SAFE-5] an account without a needed right is config, with the rule to set", async () => {
    const { user } = server().settings;
    for (const command of ["info", "role"]) {
      await administer(server(), async (redis) => redis.call("ACL", "SETUSER", String(user), `-${command}`));
      expect(await probeFresh()).toMatchObject({
        verdict: "config",
        reason: "permission-denied",
        code: "NOPERM",
        advice: `ACL SETUSER ${user} +ping +role +info`,
      });
      await administer(server(), async (redis) => redis.call("ACL", "SETUSER", String(user), `+${command}`));
    }
    expect((await probeFresh()).verdict).toBe("up");
  });

  test("the probe's rights suffice without any key", async () => {
    await administer(server(), async (redis) =>
      redis.call("ACL", "SETUSER", "bare", "on", ">bare", "+ping", "+role", "+info"),
    );
    expect((await probeFresh({ user: "bare", password: "bare" })).verdict).toBe("up");
    await administer(server(), async (redis) => redis.call("ACL", "DELUSER", "bare"));
  });

  test("[SAFE-5] a password that the server does not have is config", async () => {
    await administer(server(), async (redis) =>
      redis.call("ACL", "SETUSER", "default", "on", "nopass", "+ping", "+role", "+info"),
    );
    const anonymous = { user: undefined, password: undefined };
    expect((await probeFresh(anonymous)).verdict).toBe("up");
    expect(await probeFresh({ ...anonymous, password: "superfluous" })).toMatchObject({
      verdict: "config",
      reason: "auth-failed",
    });
    await administer(server(), async (redis) => redis.call("ACL", "SETUSER", "default", "off"));
  });

  test("a server that runs a script without end lives", async () => {
    // This connection is in before: a server that is busy lets nobody in who asks it for more than that.
    await administer(server(), async (redis) => {
      await redis.config("SET", "busy-reply-threshold", "1");
      const script = administer(server(), async (other) => {
        await other.eval("while true do end", 0);
      }).catch((error: Error) => error.message);
      await eventually(async () =>
        expect(await probeFresh()).toMatchObject({
          verdict: "degraded",
          reason: "saturated",
          code: "BUSY",
        }),
      );
      await redis.script("KILL");
      expect(await script).toMatch(/killed/i);
    });
    expect((await probeFresh()).verdict).toBe("up");
  });

  test("[SAFE-5] a server that cannot save to disk lives", async () => {
    // A folder of this name cannot be replaced by the file that the server writes.
    const inTheWay = join(server().stateDir, "redis", "dc1", "dump.rdb");
    mkdirSync(inTheWay);
    await administer(server(), async (redis) => await redis.bgsave());
    await eventually(async () =>
      expect(await probeFresh()).toMatchObject({ verdict: "degraded", reason: "disk-full" }),
    );
    rmdirSync(inTheWay);
    await administer(server(), async (redis) => await redis.bgsave());
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"));
  });

  testClientCertificates(fixture, {
    demand: async (certificate, clientAuthority) =>
      await useCertificate(server(), certificate, clientAuthority),
    refusals: [
      { reason: "tls-failed", code: "TLS_ALERT_CERTIFICATE_REQUIRED" },
      { reason: "tls-failed", code: "TLS_ALERT_UNKNOWN_CA" },
    ],
    relent: async () =>
      await administer(server(), async (redis) => {
        await redis.call("CONFIG", "SET", "tls-port", "0");
      }),
  });
  testCertificateEnds({
    kind: "redis",
    show: async (certificate, authority) => ({
      ...server().settings,
      ...(await useCertificate(server(), certificate, authority)),
    }),
  });
});
