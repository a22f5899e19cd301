import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import type * as Pg from "pg";
import { z } from "zod";
import { readAddress } from "../address.ts";
import { judgeConnections } from "../connection-share.ts";
import { judgeFailure, judgeUp, type Meanings } from "../judge-failure.ts";
import { once } from "../once.ts";
import { createSqlTarget, SqlCommon, SqlSecret, SqlSettings } from "../sql-settings.ts";

const PORT = 5432;

/** Asks for the role, for whether writes are allowed, and for the connections; `pg_monitor` suffices. */
const QUESTION = {
  name: "evenkeel_probe",
  text: `SELECT pg_is_in_recovery() AS recovering, current_setting('default_transaction_read_only') = 'on' AS read_only,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS used,
    current_setting('max_connections')::int AS allowed`,
};

const Sample = z.object({
  recovering: z.boolean(),
  read_only: z.boolean(),
  used: z.number(),
  allowed: z.number(),
});

/** SQLSTATE codes (PostgreSQL manual, appendix A) that say more than that the server answered. */
const MEANINGS: Meanings = {
  "28P01": {
    verdict: "config",
    reason: "auth-failed",
    advice: "check user and password: ALTER ROLE … PASSWORD …",
  },
  "28000": {
    verdict: "config",
    reason: "auth-failed",
    advice:
      "add a line to pg_hba.conf: host <database> <user> <agent's address>/32 scram-sha-256, then SELECT pg_reload_conf()",
  },
  "3D000": { verdict: "config", reason: "unknown-database", advice: "check the monitored database's name" },
  "42501": {
    verdict: "config",
    reason: "permission-denied",
    advice: "GRANT pg_monitor TO the monitor's user",
  },
  "53300": {
    verdict: "degraded",
    reason: "saturated",
    advice: "raise max_connections or find who holds connections",
  },
  "53100": { verdict: "degraded", reason: "disk-full", advice: "free space on the server's disk" },
  "25006": { verdict: "read_only", reason: "read-only" },
  "57P01": { verdict: "down", reason: "shutting-down" },
  "57P02": { verdict: "down", reason: "shutting-down" },
  "57P03": { verdict: "down", reason: "starting" },
};
/** A SQLSTATE has five characters, digits and capitals. */
const SQLSTATE = /^[0-9A-Z]{5}$/;

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = SqlSettings.parse(raw);
  let client: Pg.Client | null = null;
  let destroyed = false;
  const closed = once(() => {
    if (!destroyed) context.onClosed();
  });

  async function connect(): Promise<Pg.Client> {
    const driver = await context.load<{ default: typeof Pg }>("pg");
    const { host, port } = readAddress(settings.address);
    const opened = new driver.default.Client({
      host,
      port,
      user: settings.user,
      password: settings.password ?? "",
      database: settings.monitoredDatabase,
      ssl: settings.tls === "off" ? false : { rejectUnauthorized: settings.tls === "verify" },
      connectionTimeoutMillis: context.accessTimeoutMs,
      application_name: "evenkeel-agent",
    });
    // Both come when the peer closes an idle connection; without a listener the first would end the process.
    opened.on("error", closed);
    opened.on("end", closed);
    client = opened;
    if (destroyed) destroySocket(opened);
    await opened.connect();
    return opened;
  }

  return {
    async probe() {
      const { rows } = await (client ?? (await connect())).query(QUESTION);
      return rows[0];
    },
    destroy() {
      destroyed = true;
      if (client !== null) destroySocket(client);
    },
  };
}

/** `end()` waits for the server, which may never answer; only the socket's end is certain. */
function destroySocket(client: Pg.Client): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
  connection.stream.destroy();
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  if (outcome.type !== "answered") {
    const address = String(raw.address);
    return judgeFailure(outcome, {
      address,
      meanings: MEANINGS,
      isEngineCode: (code) => SQLSTATE.test(code),
    });
  }
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined)
    return { verdict: "down", reason: "bad-answer", words: "the answer is not PostgreSQL's" };
  if (sample.recovering)
    return { verdict: "read_only", reason: "read-only", words: "the server is a standby in recovery" };
  if (sample.read_only)
    return { verdict: "read_only", reason: "read-only", words: "default_transaction_read_only is on" };
  return (
    judgeConnections(sample.used, sample.allowed) ??
    judgeUp(outcome.latencyMs, `${sample.used} of ${sample.allowed} connections`)
  );
}

/** PostgreSQL, from version 12 on. */
export const postgresql: MonitorPlugin = {
  kind: "postgresql",
  title: { en: "PostgreSQL", "zh-CN": "PostgreSQL" },
  defaultPort: PORT,
  switchable: true,
  hasRoute: true,
  defaults: {
    retryIntervalMs: 3000,
    monitorTimeoutMs: 10_000,
    accessTimeoutMs: 3000,
    healthPrecision: 1,
    healthyThreshold: 1,
    unhealthyThreshold: 2,
    fastRefuse: false,
  },
  common: SqlCommon,
  target: createSqlTarget(PORT),
  secret: SqlSecret,
  example: {
    common: { user: "evenkeel_probe", monitoredDatabase: "postgres", connectedDatabases: ["shop"] },
    target: { address: "192.0.2.10:5432" },
    secret: { password: "example-password" },
  },
  open,
  source(raw) {
    const settings = SqlSettings.parse(raw);
    return { ...readAddress(settings.address), database: settings.connectedDatabases[0], hasUser: true };
  },
  judge,
};
