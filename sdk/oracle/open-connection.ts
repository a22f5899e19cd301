import type { SideRequest } from "../switching/create-sides.ts";
import { beginReading } from "./lend-connection.ts";
import type { OracleConnection, OracleDriver } from "./oracle-driver.ts";

const PROGRAM = "evenkeel-sdk";

/** Settings of the driver that an application may choose, for every data centre. */
export interface OracleDriverOptions {
  /** Connections to one data centre at most. Default 10. */
  readonly maxConnections?: number;
  /** Attributes of `oracledb.getConnection`, such as `stmtCacheSize`, `walletContent`; where to connect is the route's. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** `tcps` for TLS. Default `tcp`. */
  readonly protocol?: "tcp" | "tcps";
}

/**
 * Makes a connection to a data centre's server.
 *
 * @param request the data centre and its server
 * @param driver the package `oracledb`
 * @param options settings of the application
 * @returns the connection
 * @throws the driver's error, or one that says that its mode is not served
 */
export async function openConnection(
  { source, connectTimeoutMs, readOnly }: SideRequest,
  driver: OracleDriver,
  { attributes, protocol = "tcp" }: OracleDriverOptions,
): Promise<OracleConnection> {
  // The driver takes whole seconds only.
  const seconds = Math.max(Math.ceil(connectTimeoutMs / 1000), 1);
  const connection = await driver.getConnection({
    program: PROGRAM,
    ...attributes,
    user: source.username,
    password: source.password,
    connectString: `(DESCRIPTION=(ADDRESS=(PROTOCOL=${protocol})(HOST=${source.host})(PORT=${source.port}))(CONNECT_DATA=(SERVICE_NAME=${source.database ?? ""})))`,
    connectTimeout: seconds,
    transportConnectTimeout: seconds,
  });
  if (findStream(connection) === null) {
    await connection.close();
    throw new Error(
      "oracledb is to run in its thin mode, of a version that keeps its socket in _impl.nscon.ntAdapter.stream",
    );
  }
  if (readOnly) await beginReading(connection);
  return connection;
}

/**
 * Takes away what a borrower left open: it must not reach the next one.
 *
 * @param connection a connection that came back
 * @param request its side
 * @returns whether the connection may be lent again
 */
export async function cleanConnection(connection: OracleConnection, request: SideRequest): Promise<boolean> {
  let timer: NodeJS.Timeout | null = null;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), request.connectTimeoutMs);
  });
  const rollBack = async (): Promise<true> => {
    await connection.rollback();
    if (request.readOnly) await beginReading(connection);
    return true;
  };
  try {
    return await Promise.race([rollBack(), late]);
  } catch {
    // The connection is dropped then, and with it everything that was open.
    return false;
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

/**
 * Destroys the socket below a connection: `close` would wait for a server that may be hung.
 *
 * @param connection a connection that nobody uses any more
 */
export function discardConnection(connection: OracleConnection): void {
  findStream(connection)?.destroy();
}

/** The thin mode keeps its socket here; the thick one's is the business of Oracle's client, and cannot be cut. */
function findStream(connection: OracleConnection): { destroy(): void } | null {
  let at: unknown = connection;
  for (const name of ["_impl", "nscon", "ntAdapter", "stream"])
    at = typeof at === "object" && at !== null ? Reflect.get(at, name) : null;
  const isStream = typeof at === "object" && at !== null && typeof Reflect.get(at, "destroy") === "function";
  return isStream ? (at as { destroy(): void }) : null;
}
