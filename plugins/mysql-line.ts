import type { ProbeContext } from "@evenkeel/contracts/plugin";
import type * as Mysql from "mysql2";
import { readAddress } from "./address.ts";
import { createError, type Line } from "./keep-connection.ts";
import { PEER_CLOSED } from "./network-errors.ts";
import type { SqlSettings } from "./sql-settings.ts";
import { createTlsOptions } from "./tls.ts";

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
  const connection = createConnection(driver, settings, line);
  return (text, values = []) =>
    new Promise((resolve, reject) => {
      connection.query(text, [...values], (error, sets) => {
        if (error === null) resolve(sets);
        else reject(nameError(error, connection));
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
