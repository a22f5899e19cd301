import type { TLSSocket } from "node:tls";
import type { ProbeContext } from "@evenkeel/contracts/plugin";
import type * as Pg from "pg";
import { readAddress } from "./address.ts";
import { createError, type Line } from "./keep-connection.ts";
import { NO_LOGIN, NO_TLS } from "./postgresql-meanings.ts";
import type { SqlSettings } from "./sql-settings.ts";
import { tellCertificate } from "./tell-certificate.ts";
import { createTlsOptions, type TlsOptions } from "./tls-options.ts";

/**
 * Asks a server.
 *
 * @param text a constant statement
 * @param values what stands for $1, $2, …
 * @returns the rows
 */
export type AskPostgresql = (
  text: string,
  values?: readonly (string | number)[],
) => Promise<readonly Readonly<Record<string, unknown>>[]>;

/**
 * Connects and logs in over a session's socket.
 *
 * @param settings whom to log in as, and where
 * @param context loads the driver
 * @param line the session's socket
 * @returns what asks
 * @throws the driver's error, with a code
 */
export async function connectPostgresql(
  settings: SqlSettings,
  context: ProbeContext,
  line: Line,
): Promise<AskPostgresql> {
  const { default: driver } = await context.load<{ default: typeof Pg }>("pg");
  const tls = await createTlsOptions(settings, readAddress(settings.address).host, context);
  const client = createClient(driver, settings, line, tls);
  // From this event on the driver's stream is its socket of TLS.
  client.connection.once("sslconnect", () =>
    tellCertificate(client.connection.stream as TLSSocket, settings.address, context),
  );
  await client.connect().catch((error: unknown) => Promise.reject(nameError(error)));
  return async (text, values) =>
    (await (values === undefined ? client.query(text) : client.query(text, [...values]))).rows;
}

function createClient(
  driver: typeof Pg,
  settings: SqlSettings,
  { socket, lose }: Line,
  tls: TlsOptions | null,
): Pg.Client {
  const { host, port } = readAddress(settings.address);
  socket.connect(port, host);
  const client = new driver.Client({
    // What the driver sends as the server's name; where to connect to is for us to say.
    host: tls?.servername ?? host,
    port,
    user: settings.user,
    password: settings.password ?? "",
    database: settings.monitoredDatabase,
    ssl: tls ?? false,
    application_name: "evenkeel-agent",
    stream: () => Object.assign(socket, { connect: () => socket }),
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
