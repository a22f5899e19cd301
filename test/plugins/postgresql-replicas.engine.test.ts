import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { startPostgresql } from "@evenkeel/lab/engines/postgresql";
import { connectPostgresql } from "@evenkeel/lab/engines/postgresql-connection";
import { findAccount } from "@evenkeel/lab/engines/run-as";
import type { ManagedProcess } from "@evenkeel/lab/processes/process-spec";
import { postgresql } from "@evenkeel/plugins/monitors/postgresql";
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { openEngineLab, whyMissing } from "../lab/engines/engine-lab.ts";
import { useTwoServers } from "./two-servers.ts";

/** Copying a fresh server takes a second; a busy machine may need many. */
const COPY_WITHIN_MS = 60_000;

/** The program that makes a replica, where the server's distribution has it. */
async function findCopier(): Promise<string | undefined> {
  if ((await whyMissing("postgresql")) !== undefined) return undefined;
  const lab = await openEngineLab();
  const { program } = await lab.request("postgresql");
  await lab.remove();
  const copier = join(dirname(program.path), "pg_basebackup");
  return existsSync(copier) ? copier : undefined;
}
const copier = await findCopier();

describe.skipIf(copier === undefined)(
  `PostgreSQL with a replica ${copier === undefined ? "(skipped: there is no pg_basebackup)" : ""}`,
  () => {
    const servers = useTwoServers(postgresql, "postgresql", "postgresql-admin", startPostgresql);
    const { admin, settings, open, lab } = servers;
    let replica: ManagedProcess;
    let port: number;

    async function ask(on: number, statement: string): Promise<unknown> {
      return await connectPostgresql({ ...admin("dc1"), port: on, database: "postgres" }, async (client) =>
        Object.values((await client.query(statement)).rows[0] ?? {}).at(0),
      );
    }
    const onMain = async (statement: string) => await ask(admin("dc1").port, statement);
    const onReplica = async (statement: string) => await ask(port, statement);

    beforeAll(async () => {
      const account = findAccount(["postgres", "nobody"]);
      const { host, port: from, user, password } = admin("dc1");
      // The place of the control plane, which this lab does not run.
      port = lab().ports["control-plane"];
      const data = `${String(await onMain("SHOW data_directory"))}-replica`;
      await promisify(execFile)(
        copier ?? "",
        ["-h", host, "-p", String(from), "-U", user, "-D", data, "-R", "-X", "stream", "-c", "fast"],
        { ...account, cwd: "/", env: { ...process.env, PGPASSWORD: password }, timeout: COPY_WITHIN_MS },
      );
      const { program } = await lab().request("postgresql");
      const spawned = await lab().supervisor.spawnProcess({
        name: "postgresql-replica",
        role: "database",
        site: "dc1",
        command: program.path,
        args: ["-D", data, "-p", String(port)],
        cwd: "/",
        ...account,
        ports: [{ port, wantedBy: "a replica" }],
        endSignal: "SIGINT",
        isReady: async () => (await onReplica("SELECT pg_is_in_recovery()")) === true,
      });
      if (!spawned.ok) throw new Error(spawned.message);
      replica = spawned.process;
    });

    const watch = () => open({ ...settings("dc1"), replicas: [`127.0.0.1:${port}`] });
    async function expectReplica(session: ReturnType<typeof open>, part: object): Promise<void> {
      await eventually(async () => {
        const { judgement } = await session.probe();
        expect(judgement).toMatchObject({ verdict: "up", parts: [{ verdict: "up" }, part] });
      });
    }

    test("shows how it follows, and every ill that it may have, while the server stays up", async () => {
      const session = watch();
      const well = { verdict: "up", words: expect.stringMatching(/^replica: follows, \d/) };
      await expectReplica(session, well);
      const primary = String(await onReplica("SHOW primary_conninfo"));
      await onReplica("ALTER SYSTEM SET primary_conninfo = ''");
      await onReplica("SELECT pg_reload_conf()");
      await expectReplica(session, {
        verdict: "degraded",
        words: expect.stringContaining("does not follow"),
      });
      await onReplica(`ALTER SYSTEM SET primary_conninfo = '${primary.replaceAll("'", "''")}'`);
      await onReplica("SELECT pg_reload_conf()");
      await expectReplica(session, well);
      await replica.kill();
      await expectReplica(session, { verdict: "down", words: expect.stringContaining("refused") });
      expect(await replica.revive()).toEqual({ ok: true });
      await expectReplica(session, well);
      session.destroy();
    });

    test("that replays nothing is behind by the time since it did, over its limit", async () => {
      const session = open({ ...settings("dc1"), replicas: [`127.0.0.1:${port}`], replicaLagLimitMs: 100 });
      await expectReplica(session, { verdict: "up" });
      await onReplica("SELECT pg_wal_replay_pause()");
      await onMain("CREATE TABLE lag_of_replica (id int)");
      await expectReplica(session, {
        verdict: "degraded",
        words: expect.stringContaining("s behind, more than"),
      });
      await onReplica("SELECT pg_wal_replay_resume()");
      await expectReplica(session, { verdict: "up" });
      session.destroy();
    });

    test("names the statement that an account lacks to see whether it streams", async () => {
      const { user } = settings("dc1");
      await onMain(`REVOKE pg_monitor FROM ${user}`);
      const session = watch();
      await expectReplica(session, { verdict: "config", words: expect.stringContaining("may not see it") });
      const { advice = "" } = (await session.probe()).judgement;
      expect(advice).toBe(`GRANT pg_monitor TO "${user}"`);
      await onMain(advice);
      await expectReplica(session, { verdict: "up" });
      session.destroy();
    });

    test("that was promoted takes writes although it should follow", async () => {
      const session = watch();
      await onReplica("SELECT pg_promote()");
      await expectReplica(session, { verdict: "degraded", words: expect.stringContaining("takes writes") });
      session.destroy();
    });
  },
);
