import type { ProbeContext } from "@evenkeel/contracts/plugin";
import type * as Mysql from "mysql2";
import { readAddress } from "./address.ts";
import type { Line } from "./keep-connection.ts";
import { checkIdentity, nameMysqlError, tellMysqlCertificate } from "./mysql-identity.ts";
import type { SqlSettings } from "./sql-settings.ts";
import { createTlsOptions, type TlsOptions } from "./tls-options.ts";

/**
 * Asks a server; several statements are one question.
 *
 * @param text constant statements
 * @param values what stands for their question marks
 */
export type AskMysql = (text: string, values?: readonly (string | number)[]) => Promise<unknown>;

/**
 * Begins to connect and log in over a session's socket.
 *
 * @param settings whom to log in as, and where
 * @param context loads the driver
 * @param line the session's socket
 * @returns what asks; the first question waits for the login and fails with its error
 */
export async function connectMysql(
  settings: SqlSettings,
  context: ProbeContext,
  line: Line,
): Promise<AskMysql> {
  const driver = await context.load<typeof Mysql>("mysql2");
  const tls = await createTlsOptions(settings, readAddress(settings.address).host, context);
  const connection = createConnection(driver, settings, line, tls);
  if (tls !== null) tellMysqlCertificate(connection, settings.address, context);
  return (text, values = []) =>
    new Promise((resolve, reject) => {
      connection.query(text, [...values], (error, sets) => {
        if (error === null) resolve(sets);
        else reject(nameMysqlError(error, connection));
      });
    });
}

function createConnection(
  driver: typeof Mysql,
  settings: SqlSettings,
  line: Line,
  tls: TlsOptions | null,
): Mysql.Connection {
  const { host, port } = readAddress(settings.address);
  const connection = driver.createConnection({
    // The driver connects to nothing itself, and sends this as the server's name.
    host: tls?.servername ?? host,
    port,
    user: settings.user,
    password: settings.password ?? "",
    database: settings.monitoredDatabase,
    multipleStatements: true,
    // The agent has its own deadline; the driver's would only blur what happened.
    connectTimeout: 0,
    stream: line.socket.connect(port, host),
    ...(tls === null ? {} : { ssl: { ...tls, verifyIdentity: false } }),
  });
  connection.on("error", line.lose);
  if (tls?.rejectUnauthorized === true) checkIdentity(connection, tls);
  return connection;
}
