import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import type * as Pg from "pg";
import { z } from "zod";
import { readAddress } from "../address.ts";
import { judgeConnections } from "../connection-share.ts";
import { DATABASE_TIMING } from "../default-timing.ts";
import { judgeFailure, judgeStranger, judgeUp } from "../judge-failure.ts";
import { createError, keepConnection, type Line } from "../keep-connection.ts";
import type { Meanings } from "../meaning.ts";
import { createSqlTarget, SqlCommon, SqlSecret, SqlSettings } from "../sql-settings.ts";
import { createTlsOptions } from "../tls.ts";

const PORT = 5432;

/**
 * Asks for the role, for whether writes are on, and for the connections among those that ordinary accounts may have.
 * One constant text by the simple protocol, which every pooler lets through. Without `pg_monitor` the type of other
 * accounts' backends is hidden; then whatever has a database counts.
 */
const QUESTION = `SELECT pg_is_in_recovery() AS recovering,
 current_setting('default_transaction_read_only') AS read_only,
 current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS allowed,
 (SELECT count(*) FROM pg_stat_get_activity(NULL)
   WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL))::int AS used`;

const Sample = z.object({
  recovering: z.boolean(),
  read_only: z.enum(["on", "off"]),
  used: z.number(),
  allowed: z.number(),
});

/** The server has no TLS; the driver gives that no code. */
const NO_TLS = "NO_TLS";
/** The login failed on our side, such as without a password; the driver gives that no code. */
const NO_LOGIN = "NO_LOGIN";

const full = { verdict: "degraded", reason: "saturated" } as const;
const overloaded = { ...full, advice: "the server is overloaded: look at what it runs" };
const noSpace = {
  verdict: "degraded",
  reason: "disk-full",
  advice: "free space on the server's disk; logs of dead replication slots are a usual cause",
} as const;
const behindPooler = { verdict: "down", reason: "unreachable" } as const;

/** SQLSTATE codes (PostgreSQL manual, appendix A) that say more than that the server answered. */
const MEANINGS: Meanings = {
  "28P01": {
    verdict: "config",
    reason: "auth-failed",
    advice: `check user and password: ALTER ROLE "{user}" PASSWORD '…'; a role that does not exist is told the same`,
  },
  "28000": {
    verdict: "config",
    reason: "auth-failed",
    advice:
      'add to pg_hba.conf: host "{database}" "{user}" <agent\'s address>/32 scram-sha-256; then SELECT pg_reload_conf(); and see that the role has LOGIN',
  },
  "3D000": {
    verdict: "config",
    reason: "unknown-database",
    advice: 'check the monitored database\'s name, or CREATE DATABASE "{database}"',
  },
  "42501": {
    verdict: "config",
    reason: "permission-denied",
    advice: 'GRANT CONNECT ON DATABASE "{database}" TO "{user}"; GRANT pg_monitor TO "{user}"',
  },
  "53300": { ...full, advice: "raise max_connections, or find who holds connections in pg_stat_activity" },
  "53200": overloaded,
  "53400": overloaded,
  "57014": overloaded,
  "53100": noSpace,
  "25006": { verdict: "read_only", reason: "read-only" },
  "57P01": { verdict: "down", reason: "shutting-down" },
  "57P02": { verdict: "down", reason: "shutting-down" },
  "57P03": { verdict: "down", reason: "starting" },
  "57P04": { verdict: "config", reason: "unknown-database" },
  "57P05": { verdict: "down", reason: "closed" },
  "08000": behindPooler,
  "08001": behindPooler,
  "08003": behindPooler,
  "08006": behindPooler,
  [NO_TLS]: {
    verdict: "config",
    reason: "tls-failed",
    advice: "set ssl = on at the server, or TLS to off here",
  },
  [NO_LOGIN]: { verdict: "config", reason: "auth-failed", advice: "enter the password of {user}" },
};
/** A SQLSTATE has five characters, digits and capitals. */
const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Node's codes of five characters, which are no SQLSTATE. */
const SYSTEM_CODES: ReadonlySet<string> = new Set(["EPIPE", "EPERM", "EBUSY", "EBADF", "EFAULT", "EAGAIN"]);

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = SqlSettings.parse(raw);
  return keepConnection(context, async (line) => {
    const { default: driver } = await context.load<{ default: typeof Pg }>("pg");
    const client = createClient(driver, settings, line);
    await client.connect().catch((error: unknown) => Promise.reject(nameError(error)));
    return async () => (await client.query(QUESTION)).rows[0];
  });
}

function createClient(driver: typeof Pg, settings: SqlSettings, { socket, lose }: Line): Pg.Client {
  const client = new driver.Client({
    ...readAddress(settings.address),
    user: settings.user,
    password: settings.password ?? "",
    database: settings.monitoredDatabase,
    ssl: createTlsOptions(settings.tls) ?? false,
    application_name: "evenkeel-agent",
    stream: () => socket,
  });
  // An idle client tells here why the server hung up; without a listener that would end the process.
  client.on("error", lose);
  return client;
}

function nameError(error: unknown): unknown {
  if (!(error instanceof Error) || "code" in error) return error;
  if (/does not support SSL/.test(error.message)) return createError(NO_TLS, error.message);
  return /SASL|password/i.test(error.message) ? createError(NO_LOGIN, error.message) : error;
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  const address = String(raw.address);
  if (outcome.type !== "answered") {
    return judgeFailure(outcome, {
      address,
      user: String(raw.user),
      database: String(raw.monitoredDatabase),
      meanings: MEANINGS,
      isEngineCode: (code) => SQLSTATE.test(code) && !SYSTEM_CODES.has(code),
    });
  }
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined) return judgeStranger("PostgreSQL", address);
  if (sample.recovering)
    return { verdict: "read_only", reason: "read-only", words: `${address} is a standby in recovery` };
  if (sample.read_only === "on")
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
  drivers: ["pg"],
  masService: "db",
  defaults: DATABASE_TIMING,
  common: SqlCommon,
  target: createSqlTarget(PORT),
  secret: SqlSecret,
  account: `CREATE ROLE evenkeel_probe LOGIN PASSWORD '…' IN ROLE pg_monitor;
GRANT CONNECT ON DATABASE postgres TO evenkeel_probe;
-- pg_hba.conf, once per agent
hostssl postgres evenkeel_probe 192.0.2.20/32 scram-sha-256`,
  codes: MEANINGS,
  example: {
    common: { user: "evenkeel_probe", monitoredDatabase: "postgres", connectedDatabases: ["shop"] },
    target: { address: `192.0.2.10:${PORT}`, tls: { mode: "require" } },
    secret: { password: "example-password" },
  },
  open,
  source(raw) {
    const settings = SqlSettings.parse(raw);
    return { ...readAddress(settings.address), database: settings.connectedDatabases[0], hasUser: true };
  },
  judge,
};
