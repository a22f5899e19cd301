import type { PoolConnection } from "mysql2";
import { NotWritableError } from "../errors.ts";
import { isReadOnlyServer } from "./judge-errors.ts";

/** `ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION`. */
const READ_ONLY_TRANSACTION = 1792;
/** All that mysql2 sends, transactions and its promises too, goes through these two. */
const SENDING = ["query", "execute"] as const;

type Done = (error: unknown, rows: unknown, fields: unknown) => void;

/**
 * Looks at the answers of a connection for refused writes, whoever uses it: people, an ORM's transaction, the pool
 * itself. On a side for reading only such an answer gets its own type; elsewhere it says that the route may be out of
 * date.
 *
 * @param connection a new connection
 * @param side whether it is for reading only, and where to tell that the server is
 */
export function watchRefusals(
  connection: PoolConnection,
  side: { readonly readOnly: boolean; readonly onReadOnly: () => void },
): void {
  const judge = (error: unknown): unknown => {
    if (!(error instanceof Error) || !("errno" in error)) return error;
    if (!side.readOnly && isReadOnlyServer(error)) side.onReadOnly();
    if (error.errno !== READ_ONLY_TRANSACTION) return error;
    return new NotWritableError("the active data centre is set to not writable", { cause: error });
  };
  for (const name of SENDING) {
    const send: unknown = connection[name];
    if (typeof send !== "function") throw new Error(`this version of mysql2 has no connection.${name}`);
    Reflect.set(connection, name, (...args: unknown[]): unknown => {
      const done = args.at(-1);
      if (isDone(done)) {
        const judged: Done = (error, rows, fields) => done(judge(error), rows, fields);
        args[args.length - 1] = judged;
      }
      return Reflect.apply(send, connection, args);
    });
  }
}

function isDone(value: unknown): value is Done {
  return typeof value === "function";
}
