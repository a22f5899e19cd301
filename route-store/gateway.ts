import { Client, Pool } from "undici";
import { classifyAnswer, classifyConnectionError, type NoAnswer, type Verdict } from "./classify-answer.ts";
import type { Endpoint, RouteStoreOptions } from "./options.ts";
import { GatewayError } from "./wire-responses.ts";

/** Connections per endpoint for calls; a watch has one of its own. */
const MAX_CONNECTIONS = 16;
/** An answer longer than this is refused: the default size limit of a whole etcd answer to us is far below. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const KEEP_ALIVE_MS = 30_000;

/** A request to one endpoint. */
export interface GatewayRequest {
  readonly path: string;
  readonly body: string;
  readonly token: string | null;
  readonly timeoutMs: number;
}

/** How it ended. */
export type GatewayOutcome =
  | { readonly kind: "answered"; readonly body: unknown }
  | { readonly kind: "refused"; readonly verdict: Verdict }
  | { readonly kind: "no-answer"; readonly failure: NoAnswer };

/** What a stream tells while it runs; `onEnd` is the last thing it tells, once. */
export interface StreamListener {
  onChunk(chunk: Buffer): void;
  onEnd(outcome: Exclude<GatewayOutcome, { kind: "answered" }>): void;
}

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
  const settings = {
    // HTTP/2 would put a watch and the calls beside it on one socket, where a hung one takes the others along.
    allowH2: false,
    connect: {
      timeout: connectMs,
      ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls?.key === undefined ? {} : { key: tls.key }),
      ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
    },
  };
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

/** Destroys at once; nothing is left to tell, every pending request has its own error. */
function discard(connection: Pool | Client): void {
  connection.destroy(null, () => undefined);
}

function headersOf(request: GatewayRequest): Record<string, string> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    // Without it a member that has lost its leader keeps a request, or a mute watch, instead of saying so.
    "grpc-metadata-hasleader": "true",
  };
  if (request.token !== null) headers.authorization = request.token;
  return headers;
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

function noAnswerInTime(timeoutMs: number): { kind: "no-answer"; failure: NoAnswer } {
  return {
    kind: "no-answer",
    failure: { maybeApplied: true, tls: false, message: `no answer within ${timeoutMs} ms` },
  };
}

function judge(status: number, text: string): GatewayOutcome {
  const body = parseJson(text);
  const error = readError(body);
  // A streaming method (a lease renewal) may fail after its 200 has gone out.
  if (status === 200 && body !== undefined && error === null) return { kind: "answered", body };
  return { kind: "refused", verdict: classifyAnswer(status, error) };
}

/** @returns the value, or undefined if the text is no JSON (an answer of something that is not etcd) */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Finds etcd's error in a body: at the top for a call, under `error` for a stream. */
function readError(body: unknown): GatewayError | null {
  if (typeof body === "object" && body !== null && "error" in body && typeof body.error === "object") {
    const nested = GatewayError.safeParse(body.error);
    return nested.success ? nested.data : null;
  }
  const parsed = GatewayError.safeParse(body);
  const known = parsed.success && (parsed.data.message ?? parsed.data.error) !== undefined;
  return known ? parsed.data : null;
}

function openStream(client: Client, request: GatewayRequest, listener: StreamListener): { close(): void } {
  let ended = false;
  const end = (outcome: Exclude<GatewayOutcome, { kind: "answered" }> | null): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    discard(client);
    if (outcome !== null) listener.onEnd(outcome);
  };
  const timer = setTimeout(() => end(noAnswerInTime(request.timeoutMs)), request.timeoutMs);
  const broken = (error: unknown): void =>
    end({ kind: "no-answer", failure: classifyConnectionError(error) });

  client
    .request({
      method: "POST",
      path: request.path,
      headers: headersOf(request),
      body: request.body,
      headersTimeout: 0,
      // A watch may be silent for days; its owner has better means to tell a dead stream from a quiet one.
      bodyTimeout: 0,
    })
    .then(async (response) => {
      if (response.statusCode !== 200) {
        const judged = judge(response.statusCode, await response.body.text());
        if (judged.kind !== "answered") end(judged);
        return;
      }
      response.body.on("data", (chunk: Buffer) => {
        if (ended) return;
        clearTimeout(timer);
        listener.onChunk(chunk);
      });
      response.body.on("error", broken);
      response.body.on("end", () => broken(new Error("the store ended the stream")));
    })
    .catch(broken);
  return { close: () => end(null) };
}
