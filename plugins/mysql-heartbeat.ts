import type { HeartbeatPlugin } from "@evenkeel/contracts/heartbeat-plugin";
import { z } from "zod";
import { computeLockWaitS, HeartbeatSettings } from "./heartbeat-settings.ts";
import { keepHeartbeat } from "./keep-heartbeat.ts";
import type { Meaning, Meanings } from "./meaning.ts";
import { connectMysql } from "./mysql-line.ts";
import { MYSQL_MEANINGS } from "./mysql-meanings.ts";
import { judgeMysqlFailure } from "./mysql-server.ts";
import { SqlSettings } from "./sql-settings.ts";

const DATABASE = "evenkeel_probe";
const TABLE = `${DATABASE}.heartbeat`;

/** Makes the table and the account. */
export const MYSQL_HEARTBEAT_ACCOUNT = `CREATE TABLE ${TABLE} (
  src VARCHAR(64) CHARACTER SET ascii PRIMARY KEY, seq BIGINT NOT NULL,
  ts TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)
) ENGINE = InnoDB;
CREATE USER evenkeel_heartbeat@'192.0.2.20' IDENTIFIED BY '…';
GRANT SELECT, INSERT, UPDATE ON ${TABLE} TO evenkeel_heartbeat@'192.0.2.20';`;

const WRITE = `INSERT INTO ${TABLE} (src, seq) VALUES (?, ?)
  ON DUPLICATE KEY UPDATE seq = ?, ts = CURRENT_TIMESTAMP(3)`;
const READ = `SELECT seq FROM ${TABLE} WHERE src = ?`;
const Rows = z.array(z.object({ seq: z.coerce.number() }));

const denied: Meaning = {
  verdict: "config",
  reason: "permission-denied",
  advice: `GRANT SELECT, INSERT, UPDATE ON ${TABLE} TO {user}@'<agent>'`,
};
const missing: Meaning = {
  verdict: "config",
  reason: "unknown-database",
  advice: `create ${TABLE} and GRANT SELECT, INSERT, UPDATE ON ${TABLE} TO {user}@'<agent>'; the docs page has the statements`,
};
const blocked: Meaning = {
  verdict: "degraded",
  reason: "timed-out",
  advice: "look for locks in SHOW PROCESSLIST: LOCK TABLES, a backup, or a transaction without end",
};

/** What codes mean where a heartbeat is answered with them. */
const HEARTBEAT_MEANINGS: Meanings = {
  ...MYSQL_MEANINGS,
  "1142": denied,
  "1143": denied,
  "1044": missing,
  "1049": missing,
  "1146": missing,
  "1205": blocked,
  "1223": blocked,
  "1969": blocked,
  "3024": blocked,
};

const Settings = SqlSettings.extend(HeartbeatSettings);

/** Heartbeats of MySQL and MariaDB. */
export const mysqlHeartbeat: HeartbeatPlugin = {
  isWanted: ({ heartbeatUser = "" }) => heartbeatUser !== "",
  open(raw, context, source) {
    const settings = Settings.parse(raw);
    const { heartbeatUser: user, heartbeatPassword: password } = settings;
    return keepHeartbeat(context, async (line) => {
      const login = { ...settings, user, password, monitoredDatabase: DATABASE };
      const ask = await connectMysql(login, context, line);
      const seconds = computeLockWaitS(context.accessTimeoutMs);
      await ask(`SET SESSION lock_wait_timeout = ${seconds}, innodb_lock_wait_timeout = ${seconds}`);
      return {
        write: (seq) => ask(WRITE, [source, seq, seq]),
        read: async () => Rows.parse(await ask(READ, [source]))[0]?.seq ?? null,
        // To be explained, a statement takes the rights that it would take to be run.
        check: async () => {
          await ask(`EXPLAIN ${READ}`, [source]);
          await ask(`EXPLAIN ${WRITE}`, [source, 0, 0]);
        },
      };
    });
  },
  judge(outcome, raw) {
    const { address, heartbeatUser: user } = Settings.parse(raw);
    return judgeMysqlFailure(outcome, { address, user, monitoredDatabase: DATABASE }, HEARTBEAT_MEANINGS);
  },
};
