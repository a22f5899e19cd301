import * as redis from "../servers/redis.ts";
import { OTHER_NAME } from "../test-certificates.ts";
import { type Column, EXPECTED } from "./column.ts";
import { makeEngineColumn } from "./engine-cells.ts";

/** Redis as one server. */
export async function makeRedisColumn(): Promise<Column> {
  return await makeEngineColumn({
    server: "Redis",
    engine: redis.REDIS,
    garbage: EXPECTED.badAnswer,
    diskMegabytes: 64,
    cells({ server, disk }) {
      const settings = () => ({ ...server().settings });
      const say = (...command: readonly [string, ...string[]]) =>
        redis.administer(server(), async (client) => await client.call(...command));
      const allow = (...rules: string[]) => say("ACL", "SETUSER", String(settings().user), ...rules);
      return {
        "locked-account": {
          by: "engine",
          expected: EXPECTED.auth,
          remark: "the server says the same of a wrong password",
          async run(stage) {
            await allow("off");
            stage.after(() => allow("on"));
            return await stage.probe(settings());
          },
        },
        "missing-database": { cannot: "a probe enters no database" },
        "missing-privilege": {
          by: "engine",
          expected: EXPECTED.privilege,
          async run(stage) {
            await allow("-info");
            stage.after(() => allow("+info"));
            return await stage.probe(settings());
          },
        },
        "disk-full": {
          by: "engine",
          expected: { verdict: "degraded", reason: "disk-full" },
          async run(stage) {
            const small = disk();
            if ("missing" in small) return stage.skip(small.missing);
            stage.after(async () => {
              small.free();
              await say("DEL", "large");
              await stage.until(settings(), EXPECTED.up);
            });
            small.fill();
            await say("SET", "large", "x".repeat(1_000_000));
            return await stage.until(settings(), { reason: "disk-full" });
          },
        },
        "tls-name": {
          by: "engine",
          expected: EXPECTED.tls,
          async run(stage) {
            const reached = await redis.useCertificate(server(), OTHER_NAME, OTHER_NAME.cert);
            stage.after(() => say("CONFIG", "SET", "tls-port", "0"));
            const tls = {
              mode: "verify",
              caPem: OTHER_NAME.cert,
              clientCertPem: OTHER_NAME.cert,
            };
            return await stage.probe({ ...settings(), ...reached, tls, clientKeyPem: OTHER_NAME.key });
          },
        },
      };
    },
  });
}
