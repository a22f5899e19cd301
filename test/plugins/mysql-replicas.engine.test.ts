import { startMariadb } from "@evenkeel/lab/engines/mariadb";
import { connectMariadb } from "@evenkeel/lab/engines/mariadb-connection";
import { mysql } from "@evenkeel/plugins/monitors/mysql";
import { describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { whyMissing } from "../lab/engines/engine-lab.ts";
import { useTwoServers } from "./two-servers.ts";

const missing = await whyMissing("mariadb");

describe.skipIf(missing !== undefined)(`MariaDB with a replica ${missing ?? ""}`, () => {
  const servers = useTwoServers(mysql, "mariadb", "mysql-admin", startMariadb);
  const { admin, address, settings, open, handle } = servers;
  const onReplica = async (...statements: string[]) =>
    await connectMariadb(admin("dc2"), async (ask) => {
      for (const statement of statements) await ask(statement);
    });
  const watch = (more: object = {}) => open({ ...settings("dc1"), replicas: [address("dc2")], ...more });

  /** Probes until the replica is judged like this; the server itself must be up all the time. */
  async function expectReplica(session: ReturnType<typeof open>, part: object): Promise<void> {
    await eventually(async () => {
      const { judgement } = await session.probe();
      expect(judgement).toMatchObject({ verdict: "up", parts: [{ verdict: "up" }, part] });
    });
  }

  test("shows how it follows, and every ill that it may have, while the server stays up", async () => {
    const session = watch();
    await onReplica("SET GLOBAL read_only = ON");
    const well = { verdict: "up", words: expect.stringMatching(/^replica: follows, \d/) };
    await expectReplica(session, { address: address("dc2"), ...well });
    await onReplica("STOP SLAVE SQL_THREAD");
    await expectReplica(session, {
      verdict: "degraded",
      words: expect.stringContaining("SQL thread says No"),
    });
    await onReplica("STOP SLAVE");
    await expectReplica(session, {
      verdict: "degraded",
      words: expect.stringContaining("IO thread says No"),
    });
    await onReplica("START SLAVE");
    await expectReplica(session, well);
    await onReplica("SET GLOBAL read_only = OFF");
    await expectReplica(session, { verdict: "degraded", words: expect.stringContaining("takes writes") });
    await onReplica("SET GLOBAL read_only = ON");
    await handle().dataCentres.dc2.process.kill();
    await expectReplica(session, { verdict: "down", words: expect.stringContaining("refused") });
    expect(await handle().dataCentres.dc2.process.revive()).toEqual({ ok: true });
    await onReplica("SET GLOBAL read_only = ON");
    await expectReplica(session, well);
    session.destroy();
  });

  test("that is lost degrades the data centre where the policy says so", async () => {
    await onReplica("SET GLOBAL read_only = ON", "STOP SLAVE");
    const session = watch({ replicaTrouble: "degrade" });
    await eventually(async () =>
      expect((await session.probe()).judgement).toMatchObject({ verdict: "degraded", reason: "incomplete" }),
    );
    await onReplica("START SLAVE");
    await eventually(async () => expect((await session.probe()).judgement.verdict).toBe("up"));
    session.destroy();
  });

  test("names the statement that an account lacks to see how it follows", async () => {
    const { user } = settings("dc1");
    await onReplica(`REVOKE SLAVE MONITOR ON *.* FROM ${user}@127.0.0.1`);
    const session = watch();
    await expectReplica(session, { verdict: "config", words: expect.stringContaining("may not see it") });
    expect((await session.probe()).judgement.advice).toContain(`GRANT REPLICA MONITOR ON *.* TO ${user}`);
    // The very statement of the advice, which the session finds out about by itself.
    await onReplica(`GRANT REPLICA MONITOR ON *.* TO ${user}@127.0.0.1`);
    await expectReplica(session, { verdict: "up" });
    session.destroy();
  });

  test("is asked over a connection of its own, which is closed with the server's", async () => {
    const count = async () =>
      await connectMariadb(admin("dc2"), async (ask) => {
        const rows = await ask("SHOW PROCESSLIST");
        return rows.filter((row) => row.User === settings("dc1").user).length;
      });
    await eventually(async () => expect(await count()).toBe(0));
    const session = watch();
    await expectReplica(session, { verdict: "up" });
    for (let round = 0; round < 10; round += 1) await session.probe();
    expect(await count()).toBe(1);
    session.destroy();
    await eventually(async () => expect(await count()).toBe(0));
  });
});
