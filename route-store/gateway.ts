import { buildConnector, Client, Pool } from "undici";
import { classifyConnectionError } from "./classify-answer.ts";
import {
  type GatewayOutcome,
  type GatewayRequest,
  headersOf,
  judge,
  noAnswerInTime,
  type StreamListener,
} from "./gateway-outcome.ts";
import { openStream } from "./gateway-stream.ts";
import type { Endpoint, RouteStoreOptions } from "./options.ts";

/** Connections per endpoint for calls; a watch has one of its own. */
const MAX_CONNECTIONS = 16;
/** An answer longer than this is refused: the default size limit of a whole etcd answer to us is far below. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const KEEP_ALIVE_MS = 30_000;

/** The connections to one member of etcd. */
export interface EndpointConnection {
  post(request: GatewayRequest): Promise<GatewayOutcome>;
  /** Opens a stream that runs until it breaks or is closed. `timeoutMs` bounds the wait for its first bytes. */
  stream(request: GatewayRequest, listener: StreamListener): { close(): void };
  close(): void;
}

/**
 * Connects to one endpoint's JSON gateway. Connections are made when they are needed.
 *
 * @param endpoint the endpoint
 * @param tls certificates, if any
 * @param connectMs longest time for a connection to stand
 * @returns the connection
 */
export function connectEndpoint(
  endpoint: Endpoint,
  tls: RouteStoreOptions["tls"],
  connectMs: number,
): EndpointConnection {
  // HTTP/2 would put a watch and the calls beside it on one socket, where a hung one takes the others along.
  const settings = { allowH2: false, connect: createConnector(tls, connectMs) };
  const pool = new Pool(endpoint.url, {
    ...settings,
    connections: MAX_CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  return {
    post: (request) => post(pool, request),
    stream: (request, listener) => openStream(new Client(endpoint.url, settings), request, listener),
    close: () => discard(pool),
  };
}

/**
 * Connects as undici does, and keeps the first error of a socket. In TLS 1.3 a server refuses a client certificate after
 * the handshake stands for us: its alert is followed by the end of the stream, which would hide the alert.
 */
function createConnector(tls: RouteStoreOptions["tls"], connectMs: number): buildConnector.connector {
  const connect = buildConnector({
    allowH2: false,
    timeout: connectMs,
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls?.key === undefined ? {} : { key: tls.key }),
    ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
  });
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      // After an error the socket is undefined, whatever its type says.
      if (error !== null) return callback(error, null);
      socket.once("error", (first) => socket.destroy(first));
      callback(null, socket);
    });
}

/** Destroys at once; nothing is left to tell, every pending request has its own error. */
function discard(connection: Pool | Client): void {
  connection.destroy(null, () => undefined);
}

async function post(pool: Pool, request: GatewayRequest): Promise<GatewayOutcome> {
  const controller = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    controller.abort();
  }, request.timeoutMs);
  try {
    const response = await pool.request({
      method: "POST",
      path: request.path,
      headers: headersOf(request),
      body: request.body,
      signal: controller.signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const text = await response.body.text();
    return judge(response.statusCode, text);
  } catch (error) {
    if (timedOut) return noAnswerInTime(request.timeoutMs);
    return { kind: "no-answer", failure: classifyConnectionError(error) };
  } finally {
    clearTimeout(timer);
  }
}
