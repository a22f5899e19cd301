import type * as Net from "node:net";
import type * as Tls from "node:tls";
import type { ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import type * as Undici from "undici";
import { createError } from "./keep-connection.ts";
import { ABANDONED, PEER_CLOSED } from "./network-errors.ts";
import { nameCut } from "./secure-line.ts";
import { tellCertificate } from "./tell-certificate.ts";
import type { TlsSettings } from "./tls.ts";
import { createTlsOptions } from "./tls-options.ts";

/** Bytes of an answer's body that are read, and kept for who asks, before its connection is given up. */
const BODY_MAX_BYTES = 256 * 1024;
/** Answers over one connection from which on its unannounced end is news. */
const ANSWERS_NEEDED = 2;
/** An idle connection is kept for so long, in milliseconds, unless the server announces less; targets are asked more often. */
const IDLE_MAX_MS = 10 * 60_000;

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  /** The body as text, one character per byte (latin1); empty unless it was asked for. */
  readonly body: string;
  /** False: the body is longer than a probe reads, and cut. */
  readonly isWhole: boolean;
}

/** A request over the kept connection. */
export interface HttpRequest {
  readonly path: string;
  /** Left out: GET. */
  readonly method?: "GET" | "POST" | "DELETE" | "PUT" | "PATCH";
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends one request over the kept connection. @param keepBody true: the answer's body is wanted */
export type SendHttp = (request: HttpRequest, keepBody?: boolean) => Promise<HttpAnswer>;

/** Where a session connects to. */
export interface HttpTarget {
  readonly host: string;
  readonly port: number;
  /** What the certificate has to list where no server name was entered. */
  readonly name: string;
  /** Whether and how to encrypt. */
  readonly tls: TlsSettings;
}

/**
 * Keeps one HTTP connection for as long as the server lets it be used again. HTTP servers close idle connections as a
 * matter of course, so that a next request may open a new one, unlike with databases; and only the unannounced end of a
 * connection that had answered more than once is told to the agent, because a server that closes after each answer
 * would otherwise be probed in a tight loop.
 *
 * @param context the agent's surroundings
 * @param target where to connect to
 * @param ask what to send each time, one request after the other; its result is the sample
 * @returns the session
 */
export function keepHttp(
  context: ProbeContext,
  target: HttpTarget,
  ask: (send: SendHttp) => Promise<unknown>,
): ProbeSession {
  const kept: Kept = { client: null, socket: null, answers: 0, isAsking: false, failure: null };
  let rejectInFlight: ((error: Error) => void) | null = null;
  let isDestroyed = false;
  let hasTold = false;

  async function probe(): Promise<unknown> {
    kept.client ??= await openClient(context, target, kept, () => {
      if (isDestroyed || hasTold) return;
      hasTold = true;
      context.onClosed();
    });
    const { client } = kept;
    if (isDestroyed) throw createError(ABANDONED, "the probe was given up");
    return await ask(async (request, keepBody = false) => {
      if (isDestroyed) throw createError(ABANDONED, "the probe was given up");
      const first = await exchange(client, request, kept, keepBody);
      // A kept connection may be closed by the server just as we write: that is no failure yet, a new one tells.
      const answered = first === "stale" ? await exchange(client, request, kept, keepBody) : first;
      if (answered === "stale") throw createError(PEER_CLOSED, "the server closed the connection");
      return answered;
    });
  }

  return {
    probe: () =>
      new Promise((resolve, reject) => {
        rejectInFlight = reject;
        probe().then(resolve, reject);
      }),
    destroy() {
      if (isDestroyed) return;
      isDestroyed = true;
      const error = createError(ABANDONED, "the probe was given up");
      rejectInFlight?.(error);
      kept.socket?.destroy();
      void kept.client?.destroy(error);
    },
  };
}

/** What is kept between requests. */
interface Kept {
  client: Undici.Client | null;
  /** The present connection, from the moment on at which it is begun: the client itself owns those that stand only. */
  socket: Net.Socket | null;
  /** Answers over it. */
  answers: number;
  /** True while a request is under way: the end of its connection is then told by its failure. */
  isAsking: boolean;
  /** How a connection failed during the present request, where the system or TLS said it. */
  failure: SystemError | null;
}

async function openClient(
  context: ProbeContext,
  target: HttpTarget,
  kept: Kept,
  onUnannouncedEnd: () => void,
): Promise<Undici.Client> {
  const { host, port, name, tls } = target;
  const { Client } = await context.load<typeof Undici>("undici");
  const net = await context.load<typeof Net>("node:net");
  const node = await context.load<typeof Tls>("node:tls");
  const encryption = await createTlsOptions(tls, name, context);
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const origin = `${encryption === null ? "http" : "https"}://${address}`;
  const note = (error: SystemError): void => {
    kept.failure ??= error;
  };
  const client = new Client(origin, {
    // The agent has its own deadline; the client's would only blur what happened.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_MAX_MS,
    keepAliveMaxTimeout: IDLE_MAX_MS,
    allowH2: false,
    connect(_options, done) {
      const socket = net.connect({ host, port, noDelay: true });
      kept.socket = socket;
      kept.answers = 0;
      if (encryption === null) {
        settle(socket, socket, "connect", done, note);
        return;
      }
      const secure = node.connect({ ...encryption, socket });
      kept.socket = secure;
      tellCertificate(secure, address, context);
      settle(secure, socket, "secureConnect", done, note);
    },
  });
  // Ends that the server announced, and idle ones that the client closes itself, have codes of their own.
  client.on("disconnect", (_origin, _clients, error: SystemError) => {
    const isNews = !kept.isAsking && kept.answers >= ANSWERS_NEEDED;
    if (isNews && error.code === UNANNOUNCED) onUnannouncedEnd();
  });
  return client;
}

function settle(
  socket: Net.Socket,
  below: Net.Socket,
  ready: "connect" | "secureConnect",
  done: Undici.buildConnector.Callback,
  note: (error: SystemError) => void,
): void {
  const fail = (error: SystemError): void => {
    stop();
    below.destroy();
    done(nameCut(error), null);
  };
  const end = (): void => fail(createError(PEER_CLOSED, "the server closed the connection"));
  const stand = (): void => {
    stop();
    done(null, socket);
  };
  const stop = (): void => {
    below.off("error", fail);
    socket.off("error", fail).off("close", end).off(ready, stand);
    // An alert of TLS may follow in the same moment, before the client listens; its own errors it ends sockets with.
    for (const one of [below, socket])
      one.on("error", (error: SystemError) => {
        if (error.code !== UNANNOUNCED) note(error);
      });
  };
  below.once("error", fail);
  socket.once("error", fail).once("close", end).once(ready, stand);
}

/** Sends a request and reads its answer; `stale`: the kept connection turned out to be closed. */
function exchange(
  client: Undici.Client,
  { path, method = "GET", headers }: HttpRequest,
  kept: Kept,
  keepBody: boolean,
): Promise<HttpAnswer | "stale"> {
  return new Promise((resolve, reject) => {
    const wasKept = kept.answers > 0;
    let status = 0;
    let bytes = 0;
    let body = "";
    Object.assign(kept, { isAsking: true, failure: null });
    client.dispatch(
      { path, method, headers: { ...headers } },
      {
        onRequestStart() {
          // undici knows a handler of its present interface by this method.
        },
        onResponseStart(_controller, statusCode) {
          status = statusCode;
        },
        onResponseData(controller, chunk) {
          bytes += chunk.length;
          if (keepBody) body += chunk.toString("latin1");
          if (bytes <= BODY_MAX_BYTES) return;
          endAnswer(kept);
          resolve({ status, body, isWhole: false });
          // A large body costs the connection.
          controller.abort(createError(ABANDONED, "the body is longer than a probe reads"));
        },
        onResponseEnd() {
          endAnswer(kept);
          resolve({ status, body, isWhole: true });
        },
        onResponseError(_, error) {
          kept.isAsking = false;
          const named = nameHangUp(error, kept.failure);
          if (wasKept && status === 0 && STALE.has(named.code ?? "")) resolve("stale");
          else reject(named);
        },
      },
    );
  });
}

function endAnswer(kept: Kept): void {
  kept.isAsking = false;
  kept.answers += 1;
}

type SystemError = Error & { readonly code?: string; readonly syscall?: string };

/** The client's code for a connection that the server ended without announcing it. */
const UNANNOUNCED = "UND_ERR_SOCKET";
/** What answers speaks another protocol. */
const NOT_HTTP = "NOT_HTTP";
/** How writing to a connection fails that the server has closed. */
const STALE: ReadonlySet<string> = new Set([PEER_CLOSED, "ECONNRESET", "EPIPE"]);

/** The client says of most ends no more than that; the socket may know better, such as which alert of TLS came. */
function nameHangUp(error: SystemError, ofSocket: SystemError | null): SystemError {
  // The client's own words depend on where its parser stumbled.
  if (error.name === "HTTPParserError") return createError(NOT_HTTP, "the answer is not HTTP/1.1");
  if (error.code !== UNANNOUNCED) return error;
  return nameCut(ofSocket ?? createError(PEER_CLOSED, "the server closed the connection"));
}
