import pg from "pg";

/** Gets the result of a statement or its error. */
export type QueryDone = (error: Error | null, result?: unknown) => void;

/**
 * Runs one statement on a client and gives the client back.
 *
 * @param client the client
 * @param text as pg takes it
 * @param values as pg takes it
 * @param done gets the result or the error
 */
export function runOn(client: pg.PoolClient, text: unknown, values: unknown, done: QueryDone): void {
  const finish: QueryDone = (failure, result) => {
    // A server that answered with an error is ready for the next statement; anything else leaves doubts.
    client.release(failure !== null && failure !== undefined && !keepsConnection(failure));
    done(failure, result);
  };
  try {
    Reflect.apply(client.query, client, [text, values, finish]);
  } catch (thrown) {
    finish(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }
}

function keepsConnection(error: Error): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  return error.severity !== "FATAL" && error.severity !== "PANIC";
}
