import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { readAddress } from "../address.ts";
import { DATABASE_TIMING } from "../default-timing.ts";
import { HEARTBEAT_SETTING, HeartbeatCommon, HeartbeatSecret } from "../heartbeat-settings.ts";
import { judgeReplicated } from "../judge-replicas.ts";
import { keepInspected } from "../keep-inspected.ts";
import { keepReplicas } from "../keep-replicas.ts";
import { inspectPostgresql } from "../postgresql-facts.ts";
import { POSTGRESQL_HEARTBEAT_ACCOUNT, postgresqlHeartbeat } from "../postgresql-heartbeat.ts";
import { connectPostgresql } from "../postgresql-line.ts";
import { POSTGRESQL_MEANINGS } from "../postgresql-meanings.ts";
import { judgePostgresqlReplica, REPLICA_QUESTION } from "../postgresql-replica.ts";
import { askOnly, askWithRoom } from "../postgresql-room.ts";
import { judgePostgresqlServer, POSTGRESQL_QUESTION } from "../postgresql-server.ts";
import {
  createReplicatedTarget,
  REPLICA_SETTINGS,
  ReplicatedCommon,
  ReplicatedSettings,
  ReplicatedSubject,
} from "../replica-settings.ts";
import { renderSdkCode } from "../sdk-code.ts";
import { createSettings } from "../settings.ts";
import { SqlSecret } from "../sql-settings.ts";

const PORT = 5432;

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = ReplicatedSettings.parse(raw);
  const openWith = (watch: typeof askWithRoom, question: string) => (address: string, own: ProbeContext) =>
    keepInspected(own, async (line) => {
      const ask = await connectPostgresql({ ...settings, address }, own, line);
      return {
        probe: watch(ask, question),
        inspect: () => inspectPostgresql(ask, settings.user),
      };
    });
  return keepReplicas(context, {
    ...settings,
    meanings: POSTGRESQL_MEANINGS,
    openMain: openWith(askWithRoom, POSTGRESQL_QUESTION),
    openReplica: openWith(askOnly, REPLICA_QUESTION),
  });
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  const settings = ReplicatedSubject.parse(raw);
  return judgeReplicated(outcome, settings, {
    main: (one, address) => judgePostgresqlServer(one, { ...settings, address }),
    replica: (one, address) =>
      judgePostgresqlReplica(one, { ...settings, address }, settings.replicaLagLimitMs),
  });
}

/** PostgreSQL, from version 12 on. */
export const postgresql: MonitorPlugin = {
  kind: "postgresql",
  title: { en: "PostgreSQL", "zh-CN": "PostgreSQL" },
  defaultPort: PORT,
  switchable: true,
  hasRoute: true,
  sdk: {
    algorithms: ["single-read-write", "single-write-local-read"],
    readsReplicas: true,
    measuresStaleness: true,
    driver: "pg",
    code: renderSdkCode({
      entry: "postgres",
      opener: "openPostgres",
      gives: "pool",
      ask: 'const { rows } = await pool.query("SELECT * FROM orders WHERE id = $1", [id]);',
    }),
  },
  drivers: ["pg"],
  masService: "db",
  defaults: DATABASE_TIMING,
  common: createSettings({ ...ReplicatedCommon.shape, ...HeartbeatCommon }),
  target: createReplicatedTarget(PORT),
  beside: [...REPLICA_SETTINGS, HEARTBEAT_SETTING],
  secret: createSettings({ ...SqlSecret.shape, ...HeartbeatSecret }),
  account: `CREATE ROLE evenkeel_probe LOGIN PASSWORD '…' IN ROLE pg_monitor;
GRANT CONNECT ON DATABASE postgres TO evenkeel_probe;
-- optional, for heartbeats: an account of its own that writes one row per agent, on the active side only
${POSTGRESQL_HEARTBEAT_ACCOUNT}
-- pg_hba.conf, once per agent
hostssl postgres evenkeel_probe 192.0.2.20/32 scram-sha-256
hostssl postgres evenkeel_heartbeat 192.0.2.20/32 scram-sha-256`,
  codes: POSTGRESQL_MEANINGS,
  example: {
    common: { user: "evenkeel_probe", monitoredDatabase: "postgres", connectedDatabases: ["shop"] },
    target: { address: `192.0.2.10:${PORT}`, tls: { mode: "require" } },
    secret: { password: "example-password" },
  },
  open,
  source(raw) {
    const { address, replicas, connectedDatabases } = ReplicatedSettings.parse(raw);
    return { ...readAddress(address), replicas, databases: connectedDatabases, hasUser: true };
  },
  heartbeat: postgresqlHeartbeat,
  judge,
};
