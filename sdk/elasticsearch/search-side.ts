import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";
import { Client, type ClientOptions } from "@elastic/elasticsearch";
import { listAddresses } from "../config/list-addresses.ts";
import { ClosedError } from "../errors.ts";
import type { SideRequest, WarmSide } from "../switching/create-sides.ts";
import type { Waiting } from "../switching/side.ts";
import { createSocketSet, type SocketSet } from "../switching/sockets.ts";
import { createCalls, type SearchDone } from "./calls-in-flight.ts";

const DEFAULT_MAX_SOCKETS = 64;
const KEEP_ALIVE_AFTER_MS = 10_000;

/** Settings of the client that an application may choose; where to connect and what to repeat is the route's matter. */
export type SearchDriverOptions = Pick<
  ClientOptions,
  "ssl" | "compression" | "requestTimeout" | "headers" | "name" | "opaqueIdPrefix"
>;

/** One data centre's Elasticsearch client. */
export interface SearchSide extends WarmSide {
  /** Sends a request. @returns a function that aborts it */
  send(params: SearchParams, options: object, done: SearchDone): () => void;
}

/** A request as the client's API methods make it. */
export interface SearchParams {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly bulkBody?: unknown;
}

/**
 * Opens the client of one data centre.
 *
 * @param request the data centre and its nodes
 * @param driver settings of the application for the client
 * @returns the side
 */
export function createSearchSide(request: SideRequest, driver: SearchDriverOptions): SearchSide {
  const sockets = createSocketSet();
  const { transport } = openClient(request, driver, sockets);
  const calls = createCalls();
  const drains = new Set<NodeJS.Timeout>();
  return {
    dataCentre: request.dataCentre,
    readOnly: request.readOnly,
    waiting: new Set<Waiting>(),
    busy: calls.count,
    noteUse: calls.noteThese,
    send: (params, options, done) =>
      calls.add(done, (settle) => {
        // The client writes into what it is given.
        const sent = transport.request({ ...params } as never, options as never, settle as never);
        return () => void sent.abort();
      }),
    abandon(createError) {
      calls.rejectAll(createError);
      // A hung server leaves the idle ones useless too, and those that are still connecting.
      sockets.destroyRestSoon(createError);
      request.onBroken();
    },
    drain(createError, drainMs) {
      const rejectLeft = calls.holdThese();
      const timer = setTimeout(() => {
        drains.delete(timer);
        rejectLeft(createError);
      }, drainMs);
      drains.add(timer);
    },
    async check() {
      await transport.request({ method: "HEAD", path: "/" }, { requestTimeout: request.connectTimeoutMs });
    },
    close() {
      for (const timer of drains) clearTimeout(timer);
      calls.rejectAll(() => new ClosedError());
      sockets.destroyAll(() => new ClosedError());
    },
  };
}

function openClient(request: SideRequest, driver: SearchDriverOptions, sockets: SocketSet): Client {
  const { source } = request;
  const { username, password } = source;
  const scheme = driver.ssl === undefined ? "http" : "https";
  return new Client({
    ...driver,
    // The client adds its own.
    headers: { ...driver.headers },
    nodes: listAddresses(source).map((address) => `${scheme}://${address}`),
    // The client would repeat what may have been executed, and only on this side.
    maxRetries: 0,
    agent: () => createAgent(request, driver, sockets),
    ...(username === undefined ? {} : { auth: { username, password: password ?? "" } }),
  });
}

function createAgent(request: SideRequest, { ssl }: SearchDriverOptions, sockets: SocketSet): HttpAgent {
  const common = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_AFTER_MS, maxSockets: DEFAULT_MAX_SOCKETS };
  const agent = ssl === undefined ? new HttpAgent(common) : new HttpsAgent({ ...common, ...ssl });
  const connect = agent.createConnection;
  agent.createConnection = (options, callback) => {
    const stream: Duplex | null | undefined = Reflect.apply(connect, agent, [options, callback]);
    if (stream) sockets.add(stream, request.connectTimeoutMs, request.onBroken);
    return stream;
  };
  return agent;
}
