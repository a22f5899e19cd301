import type { MongoClient } from "mongodb";

/** Somebody who waits for a server or a connection. */
interface Waiter {
  reject(error: Error): void;
}

interface WaitQueue {
  readonly length: number;
  shift(): Waiter | null;
}

type Connected = (error?: Error, connection?: unknown) => void;

/** The driver's connections to one server, as far as they matter here. */
interface Pool {
  readonly waitQueue: WaitQueue;
  readonly checkedOutConnections: ReadonlySet<{ onError(error: Error): void }>;
  createConnection(connected: Connected): void;
}

/** One server of the driver's topology. */
export interface DriverServer {
  readonly pool: Pool;
  command(operation: unknown, ...rest: unknown[]): Promise<unknown>;
}

/** The driver's picture of a deployment: every call asks it for a server first. */
interface DriverTopology {
  selectServer(...args: unknown[]): Promise<DriverServer>;
  readonly waitQueue: WaitQueue;
  readonly s: { readonly servers: ReadonlyMap<string, DriverServer> };
  close(): void;
}

/** A client with its topology in reach: the driver makes it at the first call, and gives nobody a way to end it at once. */
export interface ReachedClient {
  readonly client: MongoClient;
  /** @returns connections that are in use */
  busy(): number;
  /**
   * Gives the client up in this very turn, which the driver's own `close` does not: it would first say good-bye to a
   * server that may be hung. Calls that wait or are under way are rejected, each with an error of its own, and so is
   * whatever is called later through a `Db`, a session or a cursor of this client.
   */
  cut(createError: () => Error): void;
}

/**
 * Keeps a client's topology in reach.
 *
 * @param client a new client, without any call so far
 * @param onServer called with each server of the topology before any call gets to it
 * @returns the client and how to give it up
 */
export function reachClient(client: MongoClient, onServer: (server: DriverServer) => void): ReachedClient {
  let topology: DriverTopology | null = null;
  let createError: (() => Error) | null = null;
  /** Callers for whom a connection is being made: they are in no queue any more. */
  const connecting = new Set<Connected>();
  const reach = (): DriverTopology | null => {
    topology ??= findTopology(client);
    return topology;
  };
  client.on("serverOpening", ({ address }) =>
    // It is told just before the server stands, and nothing is sent in this turn.
    queueMicrotask(() => {
      const server = reach()?.s.servers.get(address);
      if (server === undefined) return;
      followConnecting(server.pool, connecting);
      onServer(server);
      // The client was given up while it still read certificates.
      if (createError !== null && topology !== null) cutTopology(topology, createError);
    }),
  );
  return {
    client,
    busy: () => countBusy(reach()),
    cut(create) {
      createError = create;
      client.connect = () => Promise.reject(create());
      const standing = reach();
      if (standing !== null) cutTopology(standing, create);
      for (const connected of [...connecting]) connected(create());
    },
  };
}

/** Keeps those in reach who wait for a connection that is being made for them. */
function followConnecting(pool: Pool, connecting: Set<Connected>): void {
  const create = pool.createConnection;
  pool.createConnection = (connected) => {
    const once: Connected = (error, connection) => {
      if (connecting.delete(once)) connected(error, connection);
    };
    connecting.add(once);
    Reflect.apply(create, pool, [once]);
  };
}

function countBusy(topology: DriverTopology | null): number {
  let busy = 0;
  for (const { pool } of topology?.s.servers.values() ?? []) busy += pool.checkedOutConnections.size;
  return busy;
}

function cutTopology(topology: DriverTopology, createError: () => Error): void {
  topology.selectServer = () => Promise.reject(createError());
  rejectAll(topology.waitQueue, createError);
  for (const { pool } of topology.s.servers.values()) {
    rejectAll(pool.waitQueue, createError);
    // What is no error of the driver's is passed on as it is, and nothing is tried again.
    for (const connection of [...pool.checkedOutConnections]) connection.onError(createError());
  }
  // The next turn is early enough for what nobody waits for.
  setImmediate(() => topology.close());
}

function rejectAll(queue: WaitQueue, createError: () => Error): void {
  for (let left = queue.length; left > 0; left -= 1) queue.shift()?.reject(createError());
}

/** The parts that are used are the driver's own affair, so that another version may have moved them. */
function findTopology(client: MongoClient): DriverTopology | null {
  const found = Reflect.get(client, "topology") as Partial<DriverTopology> | undefined;
  if (found === undefined) return null;
  const isKnown =
    typeof found.selectServer === "function" &&
    typeof found.close === "function" &&
    typeof found.waitQueue?.shift === "function" &&
    found.s?.servers instanceof Map;
  if (!isKnown) throw new Error("this version of mongodb keeps its servers elsewhere than in topology.s");
  return found as DriverTopology;
}
