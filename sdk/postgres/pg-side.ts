import pg from "pg";
import { ClosedError, type SdkError } from "../errors.ts";
import { createProof } from "../switching/create-proof.ts";
import type { SideRequest, WarmSide } from "../switching/create-sides.ts";
import { createLoans, type Loans, noneLeft } from "../switching/loans.ts";
import type { Waiting } from "../switching/side.ts";
import { createSocketSet, type SocketSet } from "../switching/sockets.ts";
import { type Acquired, askIdle, createAsk } from "./ask-pool.ts";
import { POSITION, readPosition } from "./position.ts";
import { asRouted, createClientClass, cutClients, type RoutedClient } from "./routed-client.ts";

const DEFAULT_MAX_CONNECTIONS = 10;
const APPLICATION_NAME = "evenkeel-sdk";

/** One data centre's PostgreSQL connections. */
export interface PgSide extends WarmSide {
  readonly pool: pg.Pool;
  /** Takes a client out of the pool; the client's `release` gives it back. */
  acquire(done: Acquired): void;
}

/** Settings of pg's pool and clients that an application may choose; where to connect is the route's matter. */
export type PgDriverOptions = Omit<
  pg.PoolConfig,
  "host" | "port" | "user" | "password" | "database" | "connectionString" | "stream" | "Client"
>;

/**
 * Opens the pool of one data centre.
 *
 * @param request the data centre and its server
 * @param driver settings of the application for pg
 * @returns the side
 */
export function createPgSide(request: SideRequest, driver: PgDriverOptions): PgSide {
  const sockets = createSocketSet();
  const pool = createPool(request, driver, sockets);
  // An idle connection that breaks has no caller to tell; the pool drops it, and the warm-keeper makes a new one.
  pool.on("error", request.onBroken);
  const loans = createLoans<RoutedClient>();
  const drains = new Set<NodeJS.Timeout>();
  const proof = createProof(request.isReader);
  const ask = createAsk(pool, request.connectTimeoutMs);
  return {
    dataCentre: request.dataCentre,
    readOnly: request.readOnly,
    pool,
    waiting: new Set<Waiting>(),
    busy: loans.count,
    noteUse: () => noneLeft(loans.note()),
    acquire(done) {
      ask((error, client) => {
        if (client === null) done(error, null);
        else done(null, lend(loans, asRouted(client), proof.note));
      });
    },
    abandon(createError: () => SdkError) {
      cutClients(loans.list(), createError);
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
        cutClients(left().filter(loans.remove), createError);
      }, drainMs);
      drains.add(timer);
    },
    check: async () => {
      if (!proof.isGiven(loans.count())) await askIdle(ask, "SELECT 1", request.connectTimeoutMs);
    },
    position: async () => readPosition(await askIdle(ask, POSITION, request.connectTimeoutMs)),
    close() {
      for (const timer of drains) clearTimeout(timer);
      sockets.destroyAll(() => new ClosedError());
      // The sockets are gone already; what is left of the pool's own end needs no waiting for.
      pool.end(() => undefined);
    },
  };
}

function lend(loans: Loans<RoutedClient>, client: RoutedClient, onReturn: () => void): RoutedClient {
  const giveBack = client.release;
  loans.add(client);
  client.release = (destroy) => {
    if (loans.remove(client)) onReturn();
    // One that was given up may not have been destroyed yet.
    giveBack(destroy ?? client.lost !== null);
  };
  return client;
}

function createPool(request: SideRequest, driver: PgDriverOptions, sockets: SocketSet): pg.Pool {
  const { source } = request;
  return new pg.Pool({
    application_name: APPLICATION_NAME,
    keepAlive: true,
    max: DEFAULT_MAX_CONNECTIONS,
    ...driver,
    ...(request.readOnly ? { onConnect: forbidWriting(driver.onConnect) } : {}),
    min: Math.max(driver.min ?? 1, 1),
    host: source.host,
    port: source.port,
    stream: sockets.create,
    Client: createClientClass(request),
    ...(source.database === undefined ? {} : { database: source.database }),
    ...(source.username === undefined ? {} : { user: source.username }),
    ...(source.password === undefined ? {} : { password: source.password }),
  });
}

/** The server refuses writes of these sessions by itself: telling reads from writes by their text does not work. */
function forbidWriting(first: PgDriverOptions["onConnect"]): (client: pg.ClientBase) => Promise<void> {
  return async (client) => {
    await first?.(client);
    await client.query("SET default_transaction_read_only = on");
  };
}
