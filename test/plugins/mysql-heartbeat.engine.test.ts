import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startMariadb } from "@evenkeel/lab/engines/mariadb";
import { connectMariadb } from "@evenkeel/lab/engines/mariadb-connection";
import { mysql } from "@evenkeel/plugins/monitors/mysql";
import { MYSQL_HEARTBEAT_ACCOUNT } from "@evenkeel/plugins/mysql-heartbeat";
import { createConnection } from "mysql2/promise";
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { whyMissing } from "../lab/engines/engine-lab.ts";
import { readAccount, SOURCE, startBeating } from "./beating.ts";
import { mountSmallDisk } from "./matrix/small-disk.ts";
import { useTwoServers } from "./two-servers.ts";

const missing = await whyMissing("mariadb");
/** Room for an empty log. */
const DISK_MEGABYTES = 4;
const LOGIN = { user: "evenkeel_heartbeat", password: "heartbeat-password" };

describe.skipIf(missing !== undefined)(`heartbeats in MariaDB ${missing ?? ""}`, () => {
  const servers = useTwoServers(mysql, "mariadb", "mysql-admin", startMariadb);
  const ask = async (dataCentre: "dc1" | "dc2", statement: string, values: unknown[] = []) =>
    await connectMariadb(servers.admin(dataCentre), async (query) => await query(statement, values));
  const readRow = async (dataCentre: "dc1" | "dc2") => {
    const rows = await ask(dataCentre, "SELECT seq FROM evenkeel_probe.heartbeat WHERE src = ?", [SOURCE]);
    return rows.length === 0 ? null : Number(rows[0]?.seq);
  };

  beforeAll(async () => {
    // Replication carries the database, the table and the account to dc2.
    for (const statement of [
      "CREATE DATABASE evenkeel_probe",
      ...readAccount(MYSQL_HEARTBEAT_ACCOUNT, LOGIN.password),
    ])
      await ask("dc1", statement);
    await eventually(async () => expect(await readRow("dc2")).toBeNull());
  });

  test("are written to the active side, and arrive in the standby: the recovery point is small", async () => {
    const beating = await startBeating(servers, LOGIN);
    await beating.expect("dc1", { judgement: { verdict: "up" }, heartbeat: { writable: true, rpoMs: null } });
    await eventually(async () => expect(await readRow("dc2")).not.toBeNull());
    await eventually(() => expect(beating.see("dc2")?.heartbeat?.rpoMs).toBeLessThan(5000));
    beating.stop();
  });

  test("are never written to a standby, and the recovery point grows while it does not follow", async () => {
    await ask("dc2", "STOP SLAVE");
    const before = await readRow("dc2");
    const [position] = await ask("dc2", "SHOW MASTER STATUS");
    const beating = await startBeating(servers, LOGIN);
    await beating.expect("dc1", { heartbeat: { writable: true } });
    await eventually(() => expect(beating.see("dc2")?.heartbeat?.rpoMs).toBeGreaterThan(2000));
    const early = beating.see("dc2")?.heartbeat?.rpoMs ?? Number.NaN;
    await eventually(() => expect(beating.see("dc2")?.heartbeat?.rpoMs).toBeGreaterThan(early + 1000));
    expect(beating.see("dc2")?.heartbeat?.writable).toBeNull();
    expect(await readRow("dc2")).toBe(before);
    // Nothing at all was written there: its own log has not moved.
    expect(await ask("dc2", "SHOW MASTER STATUS")).toEqual([position]);
    await ask("dc2", "START SLAVE");
    await eventually(() => expect(beating.see("dc2")?.heartbeat?.rpoMs).toBeLessThan(early));
    beating.stop();
  });

  test("stop on the old side when the route changes, and go on on the new one", async () => {
    await ask("dc2", "STOP SLAVE");
    const beating = await startBeating(servers, LOGIN);
    await beating.expect("dc1", { heartbeat: { writable: true } });
    beating.route("dc2");
    const last = await eventually(async () => {
      const [one, other] = [await readRow("dc1"), await readRow("dc1")];
      expect(one).toBe(other);
      return one;
    });
    await beating.expect("dc2", { heartbeat: { writable: true } });
    expect(await readRow("dc1")).toBe(last);
    expect(await readRow("dc2")).toBeGreaterThan(last ?? 0);
    beating.route(null);
    const end = await readRow("dc2");
    await beating.expect("dc2", { heartbeat: { writable: null, rpoMs: null } });
    expect([await readRow("dc1"), await readRow("dc2")]).toEqual([last, end]);
    beating.stop();
    await ask("dc2", "START SLAVE");
  });

  test("tell of a server that refuses writes, of a lock, and of their end", async () => {
    const beating = await startBeating(servers, LOGIN);
    await beating.expect("dc1", { heartbeat: { writable: true } });
    await ask("dc1", "SET GLOBAL read_only = ON");
    await beating.expect("dc1", { heartbeat: { writable: false, reason: "read-only", code: "1290" } });
    await ask("dc1", "SET GLOBAL read_only = OFF");
    await beating.expect("dc1", { judgement: { verdict: "up" }, heartbeat: { writable: true } });
    const locker = await createConnection(servers.admin("dc1"));
    await locker.query("LOCK TABLES evenkeel_probe.heartbeat WRITE");
    await beating.expect("dc1", {
      judgement: {
        verdict: "degraded",
        reason: "timed-out",
        words: expect.stringContaining("writes are not"),
      },
      failing: null,
    });
    locker.destroy();
    await beating.expect("dc1", { judgement: { verdict: "up" }, heartbeat: { writable: true } });
    beating.stop();
  });

  test.each([
    ["a wrong password", { ...LOGIN, password: "wrong-and-secret" }, "auth-failed", "1045"],
    ["an account that does not exist", { ...LOGIN, user: "nobody_here" }, "auth-failed", "1045"],
  ])("of %s leave the verdict alone and say so", async (_, login, reason, code) => {
    const beating = await startBeating(servers, login);
    await beating.expect("dc1", {
      judgement: { verdict: "up" },
      heartbeat: { writable: null, reason, code },
    });
    expect(beating.see("dc1")?.heartbeat?.words).toContain(login.user);
    expect(JSON.stringify(beating.see("dc1"))).not.toContain(login.password);
    beating.stop();
  });

  test("name the grant that is missing", async () => {
    const account = "evenkeel_heartbeat@127.0.0.1";
    await ask("dc1", `REVOKE INSERT ON evenkeel_probe.heartbeat FROM ${account}`);
    const beating = await startBeating(servers, LOGIN);
    await beating.expect("dc1", {
      judgement: { verdict: "up" },
      heartbeat: {
        writable: null,
        reason: "permission-denied",
        advice: expect.stringContaining("GRANT SELECT, INSERT"),
      },
    });
    beating.stop();
    await ask("dc1", `GRANT INSERT ON evenkeel_probe.heartbeat TO ${account}`);
  });

  // The last one: the server's log begins anew on another disk.
  test("tell of a full disk, which the probe does not see", async ({ skip }) => {
    const disk = mountSmallDisk(DISK_MEGABYTES);
    if ("missing" in disk) return skip(disk.missing);
    const settings = join(servers.lab().stateDir, "mysql", "dc1", "my.cnf");
    const before = readFileSync(settings, "utf8");
    const { process: server } = servers.handle().dataCentres.dc1;
    writeFileSync(settings, before.replace("log_bin = binlog", `log_bin = ${disk.folder}/binlog`));
    try {
      await server.kill();
      expect(await server.revive()).toEqual({ ok: true });
      const beating = await startBeating(servers, LOGIN);
      await beating.expect("dc1", { judgement: { verdict: "up" }, heartbeat: { writable: true } });
      disk.fill();
      // It waits for room in its log, and looks for it once a minute: longer than a test may wait for the end.
      await beating.expect("dc1", {
        judgement: { verdict: "degraded", reason: "timed-out", advice: expect.stringContaining("full disk") },
        failing: null,
      });
      beating.stop();
      await server.kill();
    } finally {
      disk.unmount();
    }
  });
});
