import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { readAddress } from "../address.ts";
import { DATABASE_TIMING } from "../default-timing.ts";
import { HEARTBEAT_SETTING, HeartbeatCommon, HeartbeatSecret } from "../heartbeat-settings.ts";
import { judgeReplicated } from "../judge-replicas.ts";
import { keepInspected } from "../keep-inspected.ts";
import { keepReplicas } from "../keep-replicas.ts";
import { inspectMysql } from "../mysql-facts.ts";
import { MYSQL_HEARTBEAT_ACCOUNT, mysqlHeartbeat } from "../mysql-heartbeat.ts";
import { connectMysql } from "../mysql-line.ts";
import { MYSQL_MEANINGS } from "../mysql-meanings.ts";
import { judgeMysqlReplica, openMysqlReplica } from "../mysql-replica.ts";
import { judgeMysqlServer, MYSQL_QUESTION } from "../mysql-server.ts";
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

const PORT = 3306;

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = ReplicatedSettings.parse(raw);
  return keepReplicas(context, {
    ...settings,
    meanings: MYSQL_MEANINGS,
    openMain: (address, own) =>
      keepInspected(own, async (line) => {
        const ask = await connectMysql({ ...settings, address }, own, line);
        return { probe: () => ask(MYSQL_QUESTION), inspect: () => inspectMysql(ask, settings.user) };
      }),
    openReplica: (address, own) => openMysqlReplica({ ...settings, address }, own),
  });
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  const settings = ReplicatedSubject.parse(raw);
  return judgeReplicated(outcome, settings, {
    main: (one, address) => judgeMysqlServer(one, { ...settings, address }),
    replica: (one, address) => judgeMysqlReplica(one, { ...settings, address }, settings.replicaLagLimitMs),
  });
}

/** MySQL 8 and MariaDB from 10.5 on. */
export const mysql: MonitorPlugin = {
  kind: "mysql",
  title: { en: "MySQL", "zh-CN": "MySQL" },
  defaultPort: PORT,
  switchable: true,
  hasRoute: true,
  sdk: {
    algorithms: ["single-read-write", "single-write-local-read"],
    readsReplicas: true,
    measuresStaleness: true,
    driver: "mysql2",
    code: renderSdkCode({
      entry: "mysql",
      opener: "openMysql",
      gives: "pool",
      ask: 'const [rows] = await pool.execute("SELECT * FROM orders WHERE id = ?", [id]);',
    }),
  },
  drivers: ["mysql2"],
  masService: "db",
  defaults: DATABASE_TIMING,
  common: createSettings({ ...ReplicatedCommon.shape, ...HeartbeatCommon }),
  target: createReplicatedTarget(PORT),
  beside: [...REPLICA_SETTINGS, HEARTBEAT_SETTING],
  secret: createSettings({ ...SqlSecret.shape, ...HeartbeatSecret }),
  account: `CREATE DATABASE evenkeel_probe;
CREATE USER evenkeel_probe@'192.0.2.20' IDENTIFIED BY '…';
-- lets the account in without showing it anything
GRANT SHOW VIEW ON evenkeel_probe.* TO evenkeel_probe@'192.0.2.20';
-- lets it see how a server or its replicas follow, and how far they are behind
GRANT REPLICA MONITOR ON *.* TO evenkeel_probe@'192.0.2.20'; -- MariaDB
GRANT REPLICATION CLIENT ON *.* TO evenkeel_probe@'192.0.2.20'; -- MySQL
-- optional, for heartbeats: an account of its own that writes one row per agent, on the active side only
${MYSQL_HEARTBEAT_ACCOUNT}`,
  codes: MYSQL_MEANINGS,
  example: {
    common: { user: "evenkeel_probe", monitoredDatabase: "evenkeel_probe", connectedDatabases: ["shop"] },
    target: { address: `192.0.2.10:${PORT}`, tls: { mode: "require" } },
    secret: { password: "example-password" },
  },
  open,
  source(raw) {
    const { address, replicas, connectedDatabases } = ReplicatedSettings.parse(raw);
    return { ...readAddress(address), replicas, databases: connectedDatabases, hasUser: true };
  },
  heartbeat: mysqlHeartbeat,
  judge,
};
