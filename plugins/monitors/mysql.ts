import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import type * as Mysql from "mysql2";
import { z } from "zod";
import { readAddress } from "../address.ts";
import { judgeConnections } from "../connection-share.ts";
import { judgeFailure, judgeUp, type Meanings } from "../judge-failure.ts";
import { once } from "../once.ts";
import { createSqlTarget, SqlCommon, SqlSecret, SqlSettings } from "../sql-settings.ts";

const PORT = 3306;

/** Needs no privilege beyond USAGE. */
const QUESTION =
  "SELECT @@read_only AS read_only, @@innodb_read_only AS engine_read_only, @@max_connections AS allowed, @@version AS version";
const CONNECTIONS = "SHOW GLOBAL STATUS LIKE 'Threads_connected'";

const Flag = z.union([z.number(), z.string()]).transform((value) => Number(value) === 1 || value === "ON");
const Sample = z.object({
  read_only: Flag,
  engine_read_only: Flag,
  allowed: z.coerce.number(),
  used: z.coerce.number(),
  version: z.string(),
});

/** Server error numbers (MySQL and MariaDB manuals) that say more than that the server answered. */
const MEANINGS: Meanings = {
  "1045": {
    verdict: "config",
    reason: "auth-failed",
    advice:
      "check user and password; an anonymous user may shadow the account on localhost; some servers lock an account after wrong passwords",
  },
  "1044": {
    verdict: "config",
    reason: "unknown-database",
    advice:
      "the monitored database is missing, or GRANT SELECT ON it is: an account without rights is told the same for both",
  },
  "1049": { verdict: "config", reason: "unknown-database", advice: "check the monitored database's name" },
  "1142": { verdict: "config", reason: "permission-denied" },
  "1227": { verdict: "config", reason: "permission-denied" },
  "1130": {
    verdict: "config",
    reason: "auth-failed",
    advice: "the account may not connect from the agent's host: CREATE USER …@'<agent>'",
  },
  "1698": {
    verdict: "config",
    reason: "auth-failed",
    advice: "the account logs in by socket only: give it a password",
  },
  "2061": {
    verdict: "config",
    reason: "auth-failed",
    advice: "caching_sha2_password needs TLS: set TLS to require or verify",
  },
  "1040": {
    verdict: "degraded",
    reason: "saturated",
    advice: "raise max_connections or find who holds connections",
  },
  "1203": { verdict: "degraded", reason: "saturated" },
  "1226": { verdict: "degraded", reason: "saturated" },
  "1021": { verdict: "degraded", reason: "disk-full", advice: "free space on the server's disk" },
  "1114": { verdict: "degraded", reason: "disk-full", advice: "free space on the server's disk" },
  "1290": { verdict: "read_only", reason: "read-only" },
  "1836": { verdict: "read_only", reason: "read-only" },
  "1053": { verdict: "down", reason: "shutting-down" },
  "1927": { verdict: "down", reason: "closed" },
};
/** The server's error numbers have four digits. */
const SERVER_NUMBER = /^[1-9][0-9]{3}$/;

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = SqlSettings.parse(raw);
  let connection: Mysql.Connection | null = null;
  let destroyed = false;
  const closed = once(() => {
    if (!destroyed) context.onClosed();
  });

  async function connect(): Promise<Mysql.Connection> {
    const driver = await context.load<typeof Mysql>("mysql2");
    const { host, port } = readAddress(settings.address);
    const opened = driver.createConnection({
      host,
      port,
      user: settings.user,
      password: settings.password ?? "",
      database: settings.monitoredDatabase,
      connectTimeout: context.accessTimeoutMs,
      ...(settings.tls === "off" ? {} : { ssl: { rejectUnauthorized: settings.tls === "verify" } }),
    });
    connection = opened;
    // The driver reports a closed peer as an error; the socket's own event comes even when it does not.
    opened.on("error", closed);
    streamOf(opened).on("close", closed);
    if (destroyed) opened.destroy();
    return opened;
  }

  return {
    async probe() {
      // The first query waits for the handshake and fails with its error.
      const asked = (connection ?? (await connect())).promise();
      const [rows] = await asked.query(QUESTION);
      const [status] = await asked.query(CONNECTIONS);
      const used = (status as { Value?: unknown }[])[0]?.Value;
      return { ...(rows as object[])[0], used };
    },
    destroy() {
      destroyed = true;
      connection?.destroy();
    },
  };
}

/** The driver's socket, which its types leave out. */
function streamOf(opened: Mysql.Connection): { on(event: "close", listener: () => void): void } {
  return (opened as unknown as { stream: { on(event: "close", listener: () => void): void } }).stream;
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  if (outcome.type !== "answered") {
    const address = String(raw.address);
    return judgeFailure(outcome, {
      address,
      meanings: MEANINGS,
      isEngineCode: (code) => SERVER_NUMBER.test(code),
    });
  }
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined)
    return { verdict: "down", reason: "bad-answer", words: "the answer is not MySQL's" };
  if (sample.read_only || sample.engine_read_only) {
    const variable = sample.read_only ? "read_only" : "innodb_read_only";
    return { verdict: "read_only", reason: "read-only", words: `${variable} is on` };
  }
  return (
    judgeConnections(sample.used, sample.allowed) ??
    judgeUp(outcome.latencyMs, `${sample.used} of ${sample.allowed} connections`)
  );
}

/** MySQL 8 and MariaDB from 10.5 on. */
export const mysql: MonitorPlugin = {
  kind: "mysql",
  title: { en: "MySQL", "zh-CN": "MySQL" },
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
    common: { user: "evenkeel_probe", monitoredDatabase: "shop", connectedDatabases: ["shop"] },
    target: { address: "192.0.2.10:3306" },
    secret: { password: "example-password" },
  },
  open,
  source(raw) {
    const settings = SqlSettings.parse(raw);
    return { ...readAddress(settings.address), database: settings.connectedDatabases[0], hasUser: true };
  },
  judge,
};
