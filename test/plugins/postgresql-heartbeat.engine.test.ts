import { startPostgresql } from "@evenkeel/lab/engines/postgresql";
import { connectPostgresql } from "@evenkeel/lab/engines/postgresql-connection";
import { postgresql } from "@evenkeel/plugins/monitors/postgresql";
import { POSTGRESQL_HEARTBEAT_ACCOUNT } from "@evenkeel/plugins/postgresql-heartbeat";
import pg from "pg";
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { whyMissing } from "../lab/engines/engine-lab.ts";
import { readAccount, SOURCE, startBeating } from "./beating.ts";
import { useTwoServers } from "./two-servers.ts";

const missing = await whyMissing("postgresql");
const LOGIN = { user: "evenkeel_heartbeat", password: "heartbeat-password" };

describe.skipIf(missing !== undefined)(`heartbeats in PostgreSQL ${missing ?? ""}`, () => {
  const servers = useTwoServers(postgresql, "postgresql", "postgresql-admin", startPostgresql);
  const ask = async (dataCentre: "dc1" | "dc2", ...statements: string[]) => {
    const { database = "" } = servers.handle().dataCentres[dataCentre];
    return await connectPostgresql({ ...servers.admin(dataCentre), database }, async (client) => {
      let last: unknown;
      for (const statement of statements)
        last = Object.values((await client.query(statement)).rows[0] ?? {}).at(0);
      return last;
    });
  };
  const readRow = async (dataCentre: "dc1" | "dc2") => {
    const seq = await ask(dataCentre, `SELECT seq FROM evenkeel_probe.heartbeat WHERE src = '${SOURCE}'`);
    return seq === undefined ? null : Number(seq);
  };

  beforeAll(async () => {
    const account = readAccount(POSTGRESQL_HEARTBEAT_ACCOUNT, LOGIN.password).map((statement) =>
      statement.replace("DATABASE postgres", "DATABASE shop"),
    );
    for (const dataCentre of ["dc1", "dc2"] as const) await ask(dataCentre, ...account);
    // Logical replication carries the tables that it is told of.
    await ask("dc1", "GRANT USAGE ON SCHEMA evenkeel_probe TO evenkeel_replication");
    await ask("dc1", "GRANT SELECT ON evenkeel_probe.heartbeat TO evenkeel_replication");
    await ask("dc1", "ALTER PUBLICATION evenkeel ADD TABLE evenkeel_probe.heartbeat");
    await ask("dc2", "ALTER SUBSCRIPTION evenkeel REFRESH PUBLICATION");
  });

  test("are written to the active side only, and the recovery point grows while the standby does not follow", async () => {
    const beating = await startBeating(servers, LOGIN);
    await beating.expect("dc1", { judgement: { verdict: "up" }, heartbeat: { writable: true, rpoMs: null } });
    await eventually(async () => expect(await readRow("dc2")).not.toBeNull());
    await eventually(() => expect(beating.see("dc2")?.heartbeat?.rpoMs).toBeLessThan(5000));
    await ask("dc2", "ALTER SUBSCRIPTION evenkeel DISABLE");
    const held = await eventually(async () => {
      const [one, other] = [await readRow("dc2"), await readRow("dc2")];
      expect(await ask("dc2", "SELECT count(*) FROM pg_stat_subscription WHERE pid IS NOT NULL")).toBe("0");
      expect(one).toBe(other);
      return one;
    });
    const early = beating.see("dc2")?.heartbeat?.rpoMs ?? Number.NaN;
    await eventually(() => expect(beating.see("dc2")?.heartbeat?.rpoMs).toBeGreaterThan(early + 1000));
    expect(await readRow("dc2")).toBe(held);
    await ask("dc2", "ALTER SUBSCRIPTION evenkeel ENABLE");
    await eventually(() => expect(beating.see("dc2")?.heartbeat?.rpoMs).toBeLessThan(1000));
    beating.stop();
  });

  test("tell of a server that refuses writes, of a lock, and of their end", async () => {
    const beating = await startBeating(servers, LOGIN);
    await beating.expect("dc1", { heartbeat: { writable: true } });
    await ask("dc1", `ALTER ROLE ${LOGIN.user} SET default_transaction_read_only = on`);
    await ask(
      "dc1",
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'evenkeel_heartbeat'",
    );
    await beating.expect("dc1", {
      judgement: { verdict: "read_only", reason: "read-only", code: "25006" },
      heartbeat: { writable: false },
    });
    await ask("dc1", `ALTER ROLE ${LOGIN.user} RESET default_transaction_read_only`);
    await ask(
      "dc1",
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'evenkeel_heartbeat'",
    );
    await beating.expect("dc1", { judgement: { verdict: "up" }, heartbeat: { writable: true } });
    const { database = "" } = servers.handle().dataCentres.dc1;
    const locker = new pg.Client({ ...servers.admin("dc1"), database });
    await locker.connect();
    await locker.query("BEGIN");
    await locker.query("LOCK TABLE evenkeel_probe.heartbeat");
    await beating.expect("dc1", {
      judgement: {
        verdict: "degraded",
        reason: "timed-out",
        words: expect.stringContaining("writes are not"),
      },
      failing: null,
    });
    await locker.end();
    await beating.expect("dc1", { judgement: { verdict: "up" }, heartbeat: { writable: true } });
    beating.stop();
  });

  test("of a wrong password leave the verdict alone and say so", async () => {
    const beating = await startBeating(servers, { ...LOGIN, password: "wrong-and-secret" });
    const found = { writable: null, reason: "auth-failed", code: "28P01" };
    await beating.expect("dc1", { judgement: { verdict: "up" }, heartbeat: found });
    beating.stop();
  });

  test("name the grant that is missing", async () => {
    await ask("dc1", `REVOKE INSERT ON evenkeel_probe.heartbeat FROM ${LOGIN.user}`);
    const beating = await startBeating(servers, LOGIN);
    const advice = expect.stringContaining("GRANT SELECT, INSERT, UPDATE ON evenkeel_probe.heartbeat");
    await beating.expect("dc1", { heartbeat: { writable: null, reason: "permission-denied", advice } });
    beating.stop();
    await ask("dc1", `GRANT INSERT ON evenkeel_probe.heartbeat TO ${LOGIN.user}`);
  });
});
