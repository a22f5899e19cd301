import { MongoClient, type MongoClientOptions, MongoServerError } from "mongodb";
import { listAddresses } from "../config/list-addresses.ts";
import { ClosedError } from "../errors.ts";
import type { SideRequest, WarmSide } from "../switching/create-sides.ts";
import type { Waiting } from "../switching/side.ts";
import { type ReachedClient, reachClient } from "./cut-client.ts";
import { forbidWriting } from "./read-operations.ts";

/** Where accounts stand unless the application says otherwise. */
const DEFAULT_AUTH_SOURCE = "admin";
const APPLICATION_NAME = "evenkeel-sdk";

/**
 * Errors with which a server says that it is not the one that writes: NotWritablePrimary, NotPrimaryNoSecondaryOk,
 * LegacyNotPrimary, PrimarySteppedDown, UserWritesBlocked (MongoDB's error_codes.yml).
 */
const READ_ONLY_CODES: ReadonlySet<unknown> = new Set([10107, 13435, 10058, 189, 371]);

/** Settings of mongodb that an application may choose; where to connect and when to give up is the route's matter. */
export type MongoDriverOptions = Omit<
  MongoClientOptions,
  "auth" | "connectTimeoutMS" | "serverSelectionTimeoutMS" | "waitQueueTimeoutMS" | "srvHost"
>;

/** One data centre's MongoDB clients: the one of now, and those that drain. */
export interface MongoSide extends WarmSide {
  /** The client of now; leaving the side replaces it. */
  readonly client: MongoClient;
  /** The configured database. */
  readonly database: string | undefined;
}

/**
 * Tells an error with which a server refuses to write from others.
 *
 * @param error what a call ended with
 * @returns true if the server says that it is not the one that writes
 */
export function isReadOnlyAnswer(error: unknown): boolean {
  return error instanceof MongoServerError && READ_ONLY_CODES.has(error.code);
}

/** The client of now, and those that were left and may finish. */
interface Generations {
  /** The client of now. */
  reach(): ReachedClient;
  busy(): number;
  /** Leaves the client of now. The next call, or the next check, makes another: those who are to be told come first. */
  leave(): ReachedClient | null;
  /** Gives a client that was left up after a while. */
  cutLater(left: ReachedClient, createError: () => Error, delayMs: number): void;
  /** Gives those up that were left. */
  cutLeft(createError: () => Error): void;
}

function createGenerations(open: () => ReachedClient, onLeft: () => void): Generations {
  let current: ReachedClient | null = null;
  const drains = new Map<NodeJS.Timeout, ReachedClient>();
  return {
    reach() {
      current ??= open();
      return current;
    },
    busy: () => current?.busy() ?? 0,
    leave() {
      const left = current;
      current = null;
      setImmediate(onLeft);
      return left;
    },
    cutLater(left, createError, delayMs) {
      const timer = setTimeout(() => {
        drains.delete(timer);
        left.cut(createError);
      }, delayMs);
      drains.set(timer, left);
    },
    cutLeft(createError) {
      for (const [timer, client] of drains) {
        clearTimeout(timer);
        client.cut(createError);
      }
      drains.clear();
    },
  };
}

/**
 * Opens the client of one data centre. Leaving the side makes a new client at once, so that a `Db` of the old one can
 * never write behind a switch: it is rejected as soon as the old client is given up.
 *
 * @param request the data centre and its servers
 * @param driver settings of the application for mongodb
 * @returns the side
 */
export function createMongoSide(request: SideRequest, driver: MongoDriverOptions): MongoSide {
  const clients = createGenerations(() => openClient(request, driver), request.onBroken);
  return {
    dataCentre: request.dataCentre,
    readOnly: request.readOnly,
    waiting: new Set<Waiting>(),
    database: request.source.database,
    get client() {
      return clients.reach().client;
    },
    busy: clients.busy,
    abandon(createError) {
      clients.leave()?.cut(createError);
      clients.cutLeft(createError);
    },
    drain(createError, drainMs) {
      const left = clients.leave();
      if (left !== null) clients.cutLater(left, createError, drainMs);
    },
    async check() {
      const signal = AbortSignal.timeout(request.connectTimeoutMs);
      await clients.reach().client.db(DEFAULT_AUTH_SOURCE).command({ ping: 1 }, { signal });
    },
    close() {
      const createError = (): Error => new ClosedError();
      clients.leave()?.cut(createError);
      clients.cutLeft(createError);
    },
  };
}

function openClient(request: SideRequest, driver: MongoDriverOptions): ReachedClient {
  const { source, connectTimeoutMs } = request;
  const { username, password } = source;
  const client = new MongoClient(`mongodb://${listAddresses(source).join(",")}/`, {
    appName: APPLICATION_NAME,
    minPoolSize: 1,
    ...(username === undefined ? {} : { authSource: DEFAULT_AUTH_SOURCE }),
    ...driver,
    connectTimeoutMS: connectTimeoutMs,
    serverSelectionTimeoutMS: connectTimeoutMs,
    waitQueueTimeoutMS: connectTimeoutMs,
    ...(username === undefined ? {} : { auth: { username, password: password ?? "" } }),
  });
  // The driver tells here why it takes a server for unknown; without asking for every command's own event.
  client.on("serverDescriptionChanged", ({ newDescription: { error } }) => {
    if (error === null) return;
    if (isReadOnlyAnswer(error)) request.onReadOnly();
    else request.onBroken();
  });
  return reachClient(client, (server) => {
    if (request.readOnly) forbidWriting(server);
  });
}
