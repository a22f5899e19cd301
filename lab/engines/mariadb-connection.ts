import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { EngineUser } from "./engine-handle.ts";

/** Longest that a connection and each statement of the set-up may take. */
const CONNECT_WITHIN_MS = 3000;
const STATEMENT_WITHIN_MS = 20_000;

/** Where a MariaDB server listens and how to log in. */
export interface MariadbServer extends EngineUser {
  readonly host: string;
  readonly port: number;
  readonly database?: string;
}

/** Sends one statement. @returns its rows; none for statements that have none */
export type AskMariadb = (sql: string, values?: readonly unknown[]) => Promise<readonly RowDataPacket[]>;

/**
 * Connects, does something, and closes the connection.
 * @throws what the server or the driver answers
 */
export async function connectMariadb<Result>(
  server: MariadbServer,
  use: (ask: AskMariadb) => Promise<Result>,
): Promise<Result> {
  const connection = await createConnection({ ...server, connectTimeout: CONNECT_WITHIN_MS });
  // A connection that breaks between two statements tells so here; the next statement fails with it.
  connection.on("error", () => undefined);
  try {
    return await use(async (sql, values = []) => {
      const [rows] = await connection.query<RowDataPacket[]>({ sql, timeout: STATEMENT_WITHIN_MS }, [
        ...values,
      ]);
      return Array.isArray(rows) ? rows : [];
    });
  } finally {
    // Not end(): it waits for the server, for ever when the server hangs.
    connection.destroy();
  }
}
