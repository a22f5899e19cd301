import { createPool, type Pool, type PoolConnection, type PoolOptions } from "mysql2";
import { ClosedError, type SdkError } from "../errors.ts";
import { createProof } from "../switching/create-proof.ts";
import type { SideRequest, WarmSide } from "../switching/create-sides.ts";
import { cutInTurns } from "../switching/cut-in-turns.ts";
import { createLoans, type Loans, noneLeft } from "../switching/loans.ts";
import type { Waiting } from "../switching/side.ts";
import { createSocketSet, type SocketSet } from "../switching/sockets.ts";
import { askWithinTime } from "../switching/within-time.ts";
import { POSITION, readPosition } from "./position.ts";
import { watchRefusals } from "./watch-refusals.ts";

const DEFAULT_MAX_CONNECTIONS = 10;
const KEEP_ALIVE_AFTER_MS = 10_000;

/** Settings of mysql2 that an application may choose; where to connect is the route's matter. */
export type MysqlDriverOptions = Omit<
  PoolOptions,
  "host" | "port" | "user" | "password" | "database" | "uri" | "stream" | "socketPath" | "connectTimeout"
>;

/** One data centre's MySQL or MariaDB connections. */
export interface MysqlSide extends WarmSide {
  /** Takes a connection out of the pool; its `release` or `destroy` gives it back. */
  acquire(done: (error: Error | null, connection: PoolConnection | null) => void): void;
}

/**
 * Opens the pool of one data centre.
 *
 * @param request the data centre and its server
 * @param driver settings of the application for mysql2
 * @returns the side
 */
export function createMysqlSide(request: SideRequest, driver: MysqlDriverOptions): MysqlSide {
  const sockets = createSocketSet();
  const pool = openPool(request, driver, sockets);
  const loans = createLoans<PoolConnection>();
  const drains = new Set<NodeJS.Timeout>();
  const proof = createProof(request.isReader);
  const connect = (done: GotConnection): void =>
    pool.getConnection((error, connection) => done(error, error ? null : connection));
  const ask = (done: GotConnection): void => {
    const isFull = loans.count() >= (driver.connectionLimit ?? DEFAULT_MAX_CONNECTIONS);
    if (isFull) askWithinTime(connect, (late) => late.release(), request.connectTimeoutMs, done);
    else connect(done);
  };
  pool.on("connection", (connection) => {
    // A connection that breaks while nobody uses it has no caller to tell; the pool drops it by itself.
    connection.on("error", request.onBroken);
    // Queued before the first statement of whoever asked for the connection.
    if (request.readOnly) connection.query("SET SESSION TRANSACTION READ ONLY");
    watchRefusals(connection, request);
  });
  return {
    dataCentre: request.dataCentre,
    readOnly: request.readOnly,
    waiting: new Set<Waiting>(),
    busy: loans.count,
    noteUse: () => noneLeft(loans.note()),
    acquire(done) {
      ask((error, connection) => {
        if (connection === null) done(error, null);
        else done(null, lend(loans, connection, proof.note));
      });
    },
    abandon(createError) {
      cut(loans.list(), createError);
      loans.removeAll();
      // A hung server leaves the idle ones useless too, and those that are still connecting.
      sockets.destroyRestSoon(createError);
      request.onBroken();
    },
    drain(createError, drainMs) {
      // Only those in use now: a connection that comes back in time stays in the pool and keeps the side warm.
      const left = loans.note();
      const timer = setTimeout(() => {
        drains.delete(timer);
        cut(left().filter(loans.remove), createError);
      }, drainMs);
      drains.add(timer);
    },
    check: async () => {
      if (!proof.isGiven(loans.count())) await askIdle(ask, "SELECT 1", request.connectTimeoutMs);
    },
    position: async () => readPosition(await askIdle(ask, POSITION, request.connectTimeoutMs)),
    close() {
      for (const timer of drains) clearTimeout(timer);
      cut(loans.list(), () => new ClosedError());
      pool.end(() => undefined);
      sockets.destroyAll(() => new ClosedError());
    },
  };
}

type GotConnection = (error: Error | null, connection: PoolConnection | null) => void;

function openPool(request: SideRequest, driver: MysqlDriverOptions, sockets: SocketSet): Pool {
  const { source } = request;
  return createPool({
    connectionLimit: DEFAULT_MAX_CONNECTIONS,
    ...driver,
    host: source.host,
    port: source.port,
    connectTimeout: request.connectTimeoutMs,
    // mysql2 then neither connects the socket nor sets its options.
    stream: () => {
      const socket = sockets.create();
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
      return socket.connect(source.port, source.host);
    },
    ...(source.database === undefined ? {} : { database: source.database }),
    ...(source.username === undefined ? {} : { user: source.username }),
    ...(source.password === undefined ? {} : { password: source.password }),
  });
}

/** The pool hands out the same object again and again, so what is put onto it is taken off when it comes back. */
function lend(
  loans: Loans<PoolConnection>,
  connection: PoolConnection,
  onReturn: () => void,
): PoolConnection {
  loans.add(connection);
  const comesBack = (): void => {
    if (loans.remove(connection)) onReturn();
    Reflect.deleteProperty(connection, "release");
    Reflect.deleteProperty(connection, "destroy");
  };
  connection.release = () => {
    comesBack();
    connection.release();
  };
  connection.destroy = () => {
    comesBack();
    connection.destroy();
  };
  return connection;
}

/**
 * Cuts connections: from now on whatever is asked of them is refused with the error, where mysql2 would only say, and
 * later, that they are in closed state; what is under way is rejected within this and the next turns.
 */
function cut(connections: readonly PoolConnection[], createError: () => SdkError): void {
  const refuse = (command: object): object => {
    const onResult: unknown = Reflect.get(command, "onResult");
    if (typeof onResult === "function") process.nextTick(onResult, createError());
    return command;
  };
  for (const connection of connections) {
    for (const way of ["addCommand", "_addCommandClosedState"]) Reflect.set(connection, way, refuse);
    // Given back before its turn it must not go to anybody else.
    connection.release = () => destroyStream(connection, createError());
  }
  cutInTurns(connections, (connection) => destroyStream(connection, createError()));
}

/** `destroy` of mysql2 would leave the statement under way without an answer; the socket's own error rejects it. */
function destroyStream(connection: PoolConnection, error: Error): void {
  const stream: unknown = Reflect.get(connection, "stream");
  if (typeof stream !== "object" || stream === null || !("destroy" in stream)) {
    throw new Error("this version of mysql2 keeps its socket elsewhere than in stream");
  }
  if (typeof stream.destroy === "function") stream.destroy(error);
}

/** Makes or asks one connection. @returns the rows */
function askIdle(
  ask: (done: GotConnection) => void,
  sql: string,
  timeoutMs: number,
): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    ask((error, connection) => {
      if (connection === null) return reject(error);
      const timer = setTimeout(
        () => destroyStream(connection, new Error(`no answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
      connection.query(sql, (failure, rows) => {
        clearTimeout(timer);
        if (failure) {
          connection.destroy();
          reject(failure);
        } else {
          connection.release();
          resolve(Array.isArray(rows) ? rows : []);
        }
      });
    });
  });
}
