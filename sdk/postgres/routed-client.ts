import { EventEmitter } from "node:events";
import pg from "pg";
import { NotWritableError, type SdkError } from "../errors.ts";
import { cutInTurns } from "../switching/cut-in-turns.ts";
import { isReadOnlyAnswer } from "./judge-errors.ts";

/** A client of a side. */
export interface RoutedClient extends pg.PoolClient {
  /** Set when its side was given up: every later call is answered with such an error. */
  lost: (() => SdkError) | null;
}

/** What the clients of a side need to know of it. */
export interface ClientSide {
  readonly readOnly: boolean;
  readonly connectTimeoutMs: number;
  readonly onReadOnly: () => void;
}

/** The form in which pg's `query` takes its last argument. */
type Callback = (error: Error | null, result?: unknown) => void;

/**
 * Makes the client class of one side. Its `query` refuses with the switch as the reason once the side was given up, where
 * pg would only say that the client is not queryable. On a side for reading only it gives a refused write its own type;
 * elsewhere such an answer, whoever asked, says that the route may be out of date.
 *
 * @param side whether it must not write, and where to tell that its server does not
 * @returns a class for pg's pool option `Client`
 */
export function createClientClass(side: ClientSide): new () => pg.ClientBase {
  const { readOnly, connectTimeoutMs } = side;
  const query: unknown = pg.Client.prototype.query;
  if (typeof query !== "function") throw new Error("this version of pg has no Client.prototype.query");

  class Client extends pg.Client {
    lost: (() => SdkError) | null = null;

    constructor(config?: string | pg.ClientConfig) {
      // Told to the pool instead, it would arm a timer with every call. A copy would lack the pool's hidden password.
      super(Object.create(Object(config), { connectionTimeoutMillis: { value: connectTimeoutMs } }));
      // pg emits 'error' on a client that breaks while it is in use, beside rejecting its query; without a listener
      // that would end the process.
      this.on("error", () => undefined);
      if (!readOnly) watchRefusals(this, side.onReadOnly);
    }
  }
  Object.defineProperty(Client.prototype, "query", {
    configurable: true,
    writable: true,
    value: function routedQuery(this: Client, text: unknown, values: unknown, callback: unknown): unknown {
      if (this.lost === null && !readOnly) return query.call(this, text, values, callback);
      const args = [text, values, callback].filter((arg) => arg !== undefined);
      if (this.lost !== null) return refuse(this.lost(), args);
      return nameRefusedWrites((patched) => Reflect.apply(query, this, patched), args);
    },
  });
  return Client;
}

/** Hears the server itself, because ORMs send through clients that they hold, and a query has many forms. */
function watchRefusals(client: pg.Client, onReadOnly: () => void): void {
  const connection: unknown = Reflect.get(client, "connection");
  if (!(connection instanceof EventEmitter))
    throw new Error("this version of pg keeps its connection elsewhere than in client.connection");
  connection.on("errorMessage", (error: Error) => {
    if (isReadOnlyAnswer(error)) onReadOnly();
  });
}

/** @returns the client as one of ours */
export function asRouted(client: pg.PoolClient): RoutedClient {
  if (!("lost" in client)) throw new Error("the pool gave a client of another class");
  return client as RoutedClient;
}

/**
 * Cuts the connections of clients. From now on whatever is asked of them is refused; what is under way is rejected within
 * this and the next turns.
 *
 * @param clients the clients
 * @param createError makes the error
 */
export function cutClients(clients: readonly RoutedClient[], createError: () => SdkError): void {
  for (const client of clients) {
    client.lost = createError;
    muteErrors(client);
  }
  cutInTurns(clients, (client) => destroyStream(client, createError()));
}

function muteErrors(client: RoutedClient): void {
  // Each call of whoever holds it says why, until it is given back. On this event typeorm would take it away from the
  // transaction that it belongs to, which would then hear of that instead of the switch.
  const emit = client.emit.bind(client);
  client.emit = (event: string, ...args: unknown[]) =>
    event !== "error" && Reflect.apply(emit, client, [event, ...args]);
}

/**
 * Destroys the socket below a client: pg's own `end` would wait for a server that may be hung.
 *
 * @param client the client
 * @param error what its query under way is rejected with
 */
export function destroyStream(client: pg.ClientBase, error: Error): void {
  const connection: unknown = Reflect.get(client, "connection");
  const stream: unknown =
    typeof connection === "object" && connection !== null ? Reflect.get(connection, "stream") : null;
  if (typeof stream !== "object" || stream === null || !("destroy" in stream)) {
    throw new Error("this version of pg keeps its socket elsewhere than in connection.stream");
  }
  if (typeof stream.destroy === "function") stream.destroy(error);
}

function refuse(error: Error, args: unknown[]): unknown {
  const callback = args.at(-1);
  if (isCallback(callback)) {
    process.nextTick(callback, error);
    return undefined;
  }
  return Promise.reject(error);
}

function nameRefusedWrites(run: (args: unknown[]) => unknown, args: unknown[]): unknown {
  const callback = args.at(-1);
  if (isCallback(callback)) {
    const naming: Callback = (error, result) => callback(error === null ? null : nameError(error), result);
    return run([...args.slice(0, -1), naming]);
  }
  const result = run(args);
  if (!(result instanceof Promise)) return result;
  return result.catch((error: unknown) => {
    throw error instanceof Error ? nameError(error) : error;
  });
}

function isCallback(value: unknown): value is Callback {
  return typeof value === "function";
}

function nameError(error: Error): Error {
  if (!isReadOnlyAnswer(error)) return error;
  return new NotWritableError("the active data centre is set to not writable", { cause: error });
}
