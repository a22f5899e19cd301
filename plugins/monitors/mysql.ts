import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import type * as Mysql from "mysql2";
import { z } from "zod";
import { readAddress } from "../address.ts";
import { judgeConnections } from "../connection-share.ts";
import { DATABASE_TIMING } from "../default-timing.ts";
import { judgeFailure, judgeStranger, judgeUp } from "../judge-failure.ts";
import { createError, keepConnection, type Line } from "../keep-connection.ts";
import { MYSQL_MEANINGS } from "../mysql-meanings.ts";
import { PEER_CLOSED } from "../network-errors.ts";
import { createSqlTarget, SqlCommon, SqlSecret, SqlSettings } from "../sql-settings.ts";
import { createTlsOptions } from "../tls.ts";

const PORT = 3306;

/**
 * Asks whether writes are on, and for the connections; USAGE suffices. Two statements in one round trip, because no
 * single one finds the connections in both MySQL and MariaDB. The text is constant: nothing is ever put into it.
 */
const QUESTION =
  "SELECT @@read_only AS read_only, @@innodb_read_only AS engine_read_only, @@max_connections AS allowed;" +
  "SHOW GLOBAL STATUS LIKE 'Threads_connected'";

/** MariaDB 12 knows more values than on and off, and all but off refuse writes. */
const Flag = z
  .union([z.number(), z.string()])
  .transform((value) => value !== 0 && value !== "0" && value !== "OFF");
const Sample = z.tuple([
  z.tuple([z.object({ read_only: Flag, engine_read_only: Flag, allowed: z.coerce.number() })]),
  z.tuple([z.object({ Value: z.coerce.number() })]),
]);

/** Numbers of servers and proxies; the driver's own errors have names. */
const SERVER_NUMBER = /^[1-9][0-9]{3,4}$/;

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = SqlSettings.parse(raw);
  return keepConnection(context, async (line) => {
    const driver = await context.load<typeof Mysql>("mysql2");
    const connection = createConnection(driver, settings, line);
    // The first question waits for the login and fails with its error.
    return () =>
      new Promise((resolve, reject) => {
        connection.query(QUESTION, (error, sets) => {
          if (error === null) resolve(sets);
          else reject(nameError(error, connection));
        });
      });
  });
}

function createConnection(driver: typeof Mysql, settings: SqlSettings, line: Line): Mysql.Connection {
  const { host, port } = readAddress(settings.address);
  const tls = createTlsOptions(settings.tls);
  const connection = driver.createConnection({
    host,
    port,
    user: settings.user,
    password: settings.password ?? "",
    database: settings.monitoredDatabase,
    multipleStatements: true,
    // The agent has its own deadline; the driver's would only blur what happened.
    connectTimeout: 0,
    stream: line.socket.connect(port, host),
    ...(tls === null ? {} : { ssl: { ...tls, verifyIdentity: tls.rejectUnauthorized } }),
  });
  connection.on("error", line.lose);
  return connection;
}

/** The driver gives every failure of TLS one code; the certificate's own stands at the socket. */
function nameError(error: NodeJS.ErrnoException, connection: object): Error {
  if (error.code !== "HANDSHAKE_SSL_ERROR") return error;
  const { stream } = connection as { readonly stream?: { readonly authorizationError?: unknown } };
  if (typeof stream?.authorizationError === "string")
    return createError(stream.authorizationError, error.message);
  const isCut = error.syscall !== undefined || /disconnected before secure/.test(error.message);
  return isCut ? createError(PEER_CLOSED, error.message) : error;
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  const address = String(raw.address);
  if (outcome.type !== "answered") {
    return judgeFailure(outcome, {
      address,
      user: String(raw.user),
      database: String(raw.monitoredDatabase),
      meanings: MYSQL_MEANINGS,
      isEngineCode: (code) => SERVER_NUMBER.test(code),
    });
  }
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined) return judgeStranger("MySQL or MariaDB", address);
  const [[settings], [{ Value: used }]] = sample;
  if (settings.read_only || settings.engine_read_only) {
    const variable = settings.read_only ? "read_only" : "innodb_read_only";
    return { verdict: "read_only", reason: "read-only", words: `${variable} is on at ${address}` };
  }
  return (
    judgeConnections(used, settings.allowed) ??
    judgeUp(outcome.latencyMs, `${used} of ${settings.allowed} connections`)
  );
}

/** MySQL 8 and MariaDB from 10.5 on. */
export const mysql: MonitorPlugin = {
  kind: "mysql",
  title: { en: "MySQL", "zh-CN": "MySQL" },
  defaultPort: PORT,
  switchable: true,
  hasRoute: true,
  drivers: ["mysql2"],
  masService: "db",
  defaults: DATABASE_TIMING,
  common: SqlCommon,
  target: createSqlTarget(PORT),
  secret: SqlSecret,
  account: `CREATE DATABASE evenkeel_probe;
CREATE USER evenkeel_probe@'192.0.2.20' IDENTIFIED BY '…';
-- lets the account in without showing it anything
GRANT SHOW VIEW ON evenkeel_probe.* TO evenkeel_probe@'192.0.2.20';`,
  codes: MYSQL_MEANINGS,
  example: {
    common: { user: "evenkeel_probe", monitoredDatabase: "evenkeel_probe", connectedDatabases: ["shop"] },
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
