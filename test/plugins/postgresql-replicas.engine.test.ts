import { startPostgresql } from "@evenkeel/lab/engines/postgresql";
import { postgresql } from "@evenkeel/plugins/monitors/postgresql";
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import {
  askPostgresql,
  type PhysicalReplica,
  startPhysicalReplica,
  whyNoReplica,
} from "../lab/engines/physical-replica.ts";
import { useTwoServers } from "./two-servers.ts";

const missing = await whyNoReplica();

describe.skipIf(missing !== undefined)(
  `PostgreSQL with a replica ${missing === undefined ? "" : `(skipped: ${missing})`}`,
  () => {
    const servers = useTwoServers(postgresql, "postgresql", "postgresql-admin", startPostgresql);
    const { admin, settings, open, lab } = servers;
    let replica: PhysicalReplica;
    let port: number;
    const onMain = async (statement: string) => await askPostgresql(admin("dc1"), statement);
    const onReplica = async (statement: string) => await replica.ask(statement);

    beforeAll(async () => {
      // The place of the control plane, which this lab does not run.
      port = lab().ports["control-plane"];
      replica = await startPhysicalReplica(lab().supervisor, admin("dc1"), port);
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
      await replica.process.kill();
      await expectReplica(session, { verdict: "down", words: expect.stringContaining("refused") });
      expect(await replica.process.revive()).toEqual({ ok: true });
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
