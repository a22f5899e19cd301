import pg from "pg";
import type { EngineUser } from "./engine-handle.ts";

/** Longest that a connection and each statement of the set-up may take. */
const CONNECT_WITHIN_MS = 3000;
const STATEMENT_WITHIN_MS = 20_000;

/** Where a PostgreSQL server listens and how to log in. */
export interface PostgresqlServer extends EngineUser {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/**
 * Connects, does something, and closes the connection.
 * @throws what the server or the driver answers
 */
export async function connectPostgresql<Result>(
  server: PostgresqlServer,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    ...server,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: STATEMENT_WITHIN_MS,
    application_name: "evenkeel-lab",
  });
  // A connection that breaks between two statements tells so here; the next statement fails with it.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end();
  }
}
