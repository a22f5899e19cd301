import type { HeartbeatPlugin } from "@evenkeel/contracts/heartbeat-plugin";
import { z } from "zod";
import { HeartbeatSettings } from "./heartbeat-settings.ts";
import { keepHeartbeat } from "./keep-heartbeat.ts";
import type { Meaning, Meanings } from "./meaning.ts";
import { connectPostgresql } from "./postgresql-line.ts";
import { POSTGRESQL_MEANINGS } from "./postgresql-meanings.ts";
import { judgePostgresqlFailure } from "./postgresql-server.ts";
import { SqlSettings } from "./sql-settings.ts";

const TABLE = "evenkeel_probe.heartbeat";

/** Makes the table and the account, in the monitored database. */
export const POSTGRESQL_HEARTBEAT_ACCOUNT = `CREATE SCHEMA evenkeel_probe;
CREATE TABLE ${TABLE} (src text PRIMARY KEY, seq bigint NOT NULL, ts timestamptz NOT NULL DEFAULT now());
CREATE ROLE evenkeel_heartbeat LOGIN PASSWORD '…';
GRANT CONNECT ON DATABASE postgres TO evenkeel_heartbeat;
GRANT USAGE ON SCHEMA evenkeel_probe TO evenkeel_heartbeat;
GRANT SELECT, INSERT, UPDATE ON ${TABLE} TO evenkeel_heartbeat;`;

const WRITE = `INSERT INTO ${TABLE} (src, seq) VALUES ($1, $2)
  ON CONFLICT (src) DO UPDATE SET seq = excluded.seq, ts = now()`;
const READ = `SELECT seq FROM ${TABLE} WHERE src = $1`;
/** A bigint comes as text. */
const Rows = z.array(z.object({ seq: z.coerce.number() }));

const missing: Meaning = {
  verdict: "config",
  reason: "unknown-database",
  advice: `create ${TABLE} in {database}; the docs page has the statements`,
};
const blocked: Meaning = {
  verdict: "degraded",
  reason: "timed-out",
  advice: "look for what blocks it: SELECT * FROM pg_locks WHERE NOT granted, and pg_blocking_pids()",
};

/** What codes mean where a heartbeat is answered with them. */
const HEARTBEAT_MEANINGS: Meanings = {
  ...POSTGRESQL_MEANINGS,
  "42501": {
    verdict: "config",
    reason: "permission-denied",
    advice: `GRANT CONNECT ON DATABASE "{database}" TO "{user}"; GRANT USAGE ON SCHEMA evenkeel_probe TO "{user}"; GRANT SELECT, INSERT, UPDATE ON ${TABLE} TO "{user}"`,
  },
  "42P01": missing,
  "3F000": missing,
  "55P03": blocked,
  "57014": blocked,
};

const Settings = SqlSettings.extend(HeartbeatSettings);

/** Heartbeats of PostgreSQL. */
export const postgresqlHeartbeat: HeartbeatPlugin = {
  isWanted: ({ heartbeatUser = "" }) => heartbeatUser !== "",
  open(raw, context, source) {
    const settings = Settings.parse(raw);
    const { heartbeatUser: user, heartbeatPassword: password } = settings;
    return keepHeartbeat(context, async (line) => {
      const ask = await connectPostgresql({ ...settings, user, password }, context, line);
      // What we gave up waiting for, the server gives up too, so that nothing heaps up.
      await ask(`SET statement_timeout = ${Math.ceil(context.accessTimeoutMs)}`);
      return {
        write: (seq) => ask(WRITE, [source, seq]),
        read: async () => Rows.parse(await ask(READ, [source]))[0]?.seq ?? null,
        // To be explained, a statement takes the rights that it would take to be run.
        check: async () => {
          await ask(`EXPLAIN ${READ}`, [source]);
          await ask(`EXPLAIN ${WRITE}`, [source, 0]);
        },
      };
    });
  },
  judge(outcome, raw) {
    const { address, heartbeatUser: user, monitoredDatabase } = Settings.parse(raw);
    return judgePostgresqlFailure(outcome, { address, user, monitoredDatabase }, HEARTBEAT_MEANINGS);
  },
};
