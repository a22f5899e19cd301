import type { TestFrame } from "@evenkeel/contracts/agent-protocol";
import type { Observation } from "@evenkeel/contracts/observation";
import { startMariadb } from "@evenkeel/lab/engines/mariadb";
import { connectMariadb } from "@evenkeel/lab/engines/mariadb-connection";
import { startPostgresql } from "@evenkeel/lab/engines/postgresql";
import { connectPostgresql } from "@evenkeel/lab/engines/postgresql-connection";
import { startRedis } from "@evenkeel/lab/engines/redis";
import { mysql } from "@evenkeel/plugins/monitors/mysql";
import { postgresql } from "@evenkeel/plugins/monitors/postgresql";
import { redis } from "@evenkeel/plugins/monitors/redis";
import { Redis } from "ioredis";
import { beforeAll, describe, expect, test } from "vitest";
import { testTarget } from "../../agents/probing/test-target.ts";
import { whyMissing } from "../lab/engines/engine-lab.ts";
import { readAccount } from "./beating.ts";
import { type TwoServers, useTwoServers } from "./two-servers.ts";

const PASSWORD = "account-password";
const LIMIT_MS = 3000;
const HEARTBEAT = "evenkeel_heartbeat";
/** Rights of `GRANT rights ON place TO account`, and what they are granted on. */
const GRANT = /^GRANT (.+) ON (.+) TO (\S+)$/;

/** Tests the connection of a data centre's server as the console does, as the accounts of the docs page. */
async function testAccount(servers: TwoServers, change: object = {}): Promise<Observation> {
  const { password: _, ...settings } = servers.settings("dc1");
  const config = { ...settings, heartbeatUser: HEARTBEAT, ...change };
  const target = { name: "dc1", site: "s1", priority: 0, targetVersion: 1, config, sealed: null };
  const frame: TestFrame = {
    ...{ type: "test", nonce: "nonce-0001", accessTimeoutMs: LIMIT_MS },
    ...{ kind: servers.plugin.kind, target },
  };
  return await testTarget(frame, async () => ({
    ok: true,
    secret: { password: PASSWORD, heartbeatPassword: PASSWORD },
  }));
}

/** Everything that a test tells somebody to paste. */
const advised = ({ judgement, facts, heartbeat }: Observation) =>
  [judgement.advice, ...(facts?.missing ?? []).map(({ statement }) => statement), heartbeat?.advice].join(
    "\n",
  );

const WELL = { judgement: { verdict: "up" }, facts: { missing: [] }, heartbeat: { writable: null } };

const noMariadb = await whyMissing("mariadb");
describe.skipIf(noMariadb !== undefined)(`the account of the docs page in MariaDB ${noMariadb ?? ""}`, () => {
  const servers = useTwoServers(mysql, "mariadb", "mysql-admin", startMariadb);
  const ask = async (...statements: string[]) =>
    await connectMariadb(servers.admin("dc1"), async (query) => {
      for (const statement of statements) await query(statement);
    });
  const own = { monitoredDatabase: "evenkeel_probe" };

  beforeAll(async () => {
    await ask("DROP USER evenkeel_probe@127.0.0.1", ...readAccount(mysql.account ?? "", PASSWORD));
  });

  test("lacks nothing, and tells version and role", async () => {
    const found = await testAccount(servers, own);
    expect(found).toMatchObject(WELL);
    expect(found.heartbeat?.reason).toBeUndefined();
    expect(found.facts).toMatchObject({
      version: expect.stringContaining("MariaDB"),
      role: expect.any(String),
    });
  });

  test.each([
    ["SHOW VIEW", "evenkeel_probe.*", "evenkeel_probe"],
    ["REPLICA MONITOR", "*.*", "evenkeel_probe"],
    ["SELECT", "evenkeel_probe.heartbeat", HEARTBEAT],
    ["INSERT", "evenkeel_probe.heartbeat", HEARTBEAT],
    ["UPDATE", "evenkeel_probe.heartbeat", HEARTBEAT],
  ])("without %s on %s of %s is told to grant it", async (right, place, user) => {
    expect(readAccount(mysql.account ?? "", PASSWORD).some((one) => one.includes(right))).toBe(true);
    await ask(`REVOKE ${right} ON ${place} FROM ${user}@127.0.0.1`);
    const told = advised(await testAccount(servers, own));
    expect(told).toMatch(new RegExp(`GRANT [A-Z, ]*${right}[A-Z, ]* ON .*TO ${user}`));
    await ask(`GRANT ${right} ON ${place} TO ${user}@127.0.0.1`);
    expect(await testAccount(servers, own)).toMatchObject(WELL);
  });

  test("of a standby is told how far it is behind", async () => {
    const address = servers.address("dc2");
    expect(await testAccount(servers, { ...own, address })).toMatchObject({
      facts: { role: expect.stringContaining("follows a source"), lagMs: expect.any(Number) },
    });
  });

  test("writes nothing when it is tested", async () => {
    await testAccount(servers, own);
    const rows = await connectMariadb(servers.admin("dc1"), async (query) =>
      query("SELECT * FROM evenkeel_probe.heartbeat"),
    );
    expect(rows).toEqual([]);
  });
});

const noPostgresql = await whyMissing("postgresql");
describe.skipIf(noPostgresql !== undefined)(
  `the account of the docs page in PostgreSQL ${noPostgresql ?? ""}`,
  () => {
    const servers = useTwoServers(postgresql, "postgresql", "postgresql-admin", startPostgresql);
    const { database } = { database: "shop" };
    const ask = async (...statements: string[]) =>
      await connectPostgresql({ ...servers.admin("dc1"), database }, async (client) => {
        for (const statement of statements) await client.query(statement);
      });
    const statements = readAccount(postgresql.account ?? "", PASSWORD).map((statement) =>
      statement.replace("DATABASE postgres", `DATABASE ${database}`),
    );
    const grants = statements.flatMap((statement) => {
      const [, rights = "", place = "", user = ""] = GRANT.exec(statement) ?? [];
      return rights.split(", ").flatMap((right) => (right === "" ? [] : [{ right, place, user }]));
    });

    beforeAll(async () => {
      await ask("DROP OWNED BY evenkeel_probe", "DROP ROLE evenkeel_probe", ...statements);
    });

    test("lacks nothing, and tells version and role", async () => {
      const found = await testAccount(servers);
      expect(found).toMatchObject(WELL);
      expect(found.heartbeat?.reason).toBeUndefined();
      expect(found.facts).toMatchObject({
        version: expect.stringContaining("PostgreSQL"),
        role: "primary",
        lagMs: null,
      });
    });

    test("without pg_monitor is told to grant it", async () => {
      await ask("REVOKE pg_monitor FROM evenkeel_probe");
      expect((await testAccount(servers)).facts?.missing).toEqual([
        { right: "pg_monitor", statement: 'GRANT pg_monitor TO "evenkeel_probe"' },
      ]);
      await ask("GRANT pg_monitor TO evenkeel_probe");
    });

    test.each(grants)(
      "without $right on $place of $user is told to grant it",
      async ({ right, place, user }) => {
        await ask(`REVOKE ${right} ON ${place} FROM ${user}`);
        expect(advised(await testAccount(servers))).toMatch(
          new RegExp(`GRANT [A-Z, ]*${right}[A-Z, ]* ON [^;]*TO "${user}"`),
        );
        await ask(`GRANT ${right} ON ${place} TO ${user}`);
        expect(await testAccount(servers)).toMatchObject(WELL);
      },
    );
  },
);

const noRedis = await whyMissing("redis");
describe.skipIf(noRedis !== undefined)(`the account of the docs page in Redis ${noRedis ?? ""}`, () => {
  const servers = useTwoServers(redis, "redis", "redis-admin", startRedis);
  const lines = (redis.account ?? "").replaceAll("…", PASSWORD).split("\n");
  const statements = [lines[0] ?? "", lines.find((line) => line.includes(HEARTBEAT)) ?? ""];

  async function ask(...commands: string[]): Promise<void> {
    const { host, port, user: username, password } = servers.admin("dc1");
    const client = new Redis({ host, port, username, password, lazyConnect: true });
    await client.connect();
    for (const command of commands) {
      const [name = "", ...rest] = command.split(" ");
      await client.call(name, ...rest);
    }
    client.disconnect();
  }
  beforeAll(async () => {
    await ask("ACL DELUSER evenkeel_probe", ...statements);
  });

  test("lacks nothing, and tells version and role", async () => {
    const found = await testAccount(servers);
    expect(found).toMatchObject(WELL);
    expect(found.heartbeat?.reason).toBeUndefined();
    expect(found.facts).toMatchObject({
      version: expect.stringContaining("Redis"),
      role: "master",
      lagMs: null,
    });
  });

  test.each([
    ["role", "evenkeel_probe"],
    ["info", "evenkeel_probe"],
    ["get", HEARTBEAT],
  ])("without +%s of %s is told to grant it", async (right, user) => {
    await ask(`ACL SETUSER ${user} -${right}`);
    expect(advised(await testAccount(servers))).toMatch(new RegExp(`ACL SETUSER ${user} .*\\+${right}`));
    await ask(`ACL SETUSER ${user} +${right}`);
    expect(await testAccount(servers)).toMatchObject(WELL);
  });
});
