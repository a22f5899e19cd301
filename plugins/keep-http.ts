import type * as Http from "node:http";
import type * as Https from "node:https";
import type { Socket } from "node:net";
import type { ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import { createError } from "./keep-connection.ts";
import { ABANDONED, PEER_CLOSED } from "./network-errors.ts";
import type { TlsSettings } from "./tls.ts";
import { createTlsOptions } from "./tls-options.ts";

/** Bytes of an answer's body that are read, and kept for who asks, before its connection is given up. */
const BODY_MAX_BYTES = 256 * 1024;
/** Answers over one connection from which on its unannounced end is news. */
const ANSWERS_NEEDED = 2;

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  /** The body as text, one character per byte (latin1); empty unless it was asked for. */
  readonly body: string;
  /** False: the body is longer than a probe reads, and cut. */
  readonly isWhole: boolean;
}

/** Sends one request over the kept connection. @param keepBody true: the answer's body is wanted */
export type SendHttp = (request: Http.RequestOptions, keepBody?: boolean) => Promise<HttpAnswer>;

/**
 * Keeps one HTTP connection for as long as the server lets it be used again. HTTP servers close idle connections as a
 * matter of course, so that a next request may open a new one, unlike with databases; and only the unannounced end of a
 * connection that had answered more than once is told to the agent, because a server that closes after each answer
 * would otherwise be probed in a tight loop.
 *
 * @param context the agent's surroundings
 * @param tls whether and how to encrypt
 * @param ask what to send each time, one request after the other; its result is the sample
 * @returns the session
 */
export function keepHttp(
  context: ProbeContext,
  tls: TlsSettings,
  ask: (send: SendHttp) => Promise<unknown>,
): ProbeSession {
  let client: HttpClient | null = null;
  let sent: Http.ClientRequest | null = null;
  let rejectInFlight: ((error: Error) => void) | null = null;
  let isDestroyed = false;
  let hasTold = false;

  const connections = watchConnections(() => {
    if (isDestroyed || hasTold) return;
    hasTold = true;
    context.onClosed();
  });

  async function probe(): Promise<unknown> {
    client ??= await openClient(context, tls);
    const { request: open, agent } = client;
    if (isDestroyed) throw createError(ABANDONED, "the probe was given up");
    return await ask(async (request, keepBody = false) => {
      if (isDestroyed) throw createError(ABANDONED, "the probe was given up");
      const send = () => {
        const sending = open({ ...request, agent });
        sent = sending;
        return exchange(sending, connections, keepBody);
      };
      const first = await send();
      // A kept connection may be closed by the server just as we write: that is no failure yet, a new one tells.
      const answered = first === "stale" ? await send() : first;
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
      rejectInFlight?.(createError(ABANDONED, "the probe was given up"));
      sent?.destroy();
      client?.agent.destroy();
    },
  };
}

/** Node's client for the protocol, with the agent that holds the one connection. */
interface HttpClient {
  readonly request: (options: Https.RequestOptions) => Http.ClientRequest;
  readonly agent: Http.Agent;
}

const ONE_CONNECTION = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 } as const;

async function openClient(context: ProbeContext, tls: TlsSettings): Promise<HttpClient> {
  // The name to check is the one in the request's Host header, unless another one was entered: Node sees to that.
  const encryption = await createTlsOptions(tls, null, context);
  if (encryption === null) {
    const { Agent, request } = await context.load<typeof Http>("node:http");
    return { request, agent: new Agent(ONE_CONNECTION) };
  }
  const { Agent, request } = await context.load<typeof Https>("node:https");
  return { request, agent: new Agent({ ...ONE_CONNECTION, ...encryption }) };
}

/** Sends a request and reads its answer; `stale`: the kept connection turned out to be closed. */
function exchange(
  sending: Http.ClientRequest,
  connections: Connections,
  keepBody: boolean,
): Promise<HttpAnswer | "stale"> {
  return new Promise((resolve, reject) => {
    let hasAnswer = false;
    sending.on("socket", connections.use);
    sending.on("response", (answer) => {
      hasAnswer = true;
      if (!sending.shouldKeepAlive) connections.expectEnd();
      const done = (body: string, isWhole: boolean) => {
        connections.countAnswer();
        resolve({ status: answer.statusCode ?? 0, body, isWhole });
      };
      drain(answer, keepBody, done, (error) => reject(nameHangUp(error)));
    });
    sending.on("error", (error) => {
      const named = nameHangUp(error);
      const isStale = sending.reusedSocket && !hasAnswer && STALE.has(named.code ?? "");
      if (isStale) resolve("stale");
      else reject(named);
    });
    sending.end();
  });
}

/** How writing to a connection fails that the server has closed. */
const STALE: ReadonlySet<string> = new Set([PEER_CLOSED, "ECONNRESET", "EPIPE"]);

type SystemError = Error & { readonly code?: string; readonly syscall?: string };

/** Node calls a connection that ended in good order reset as well; only what the system reset has a system call. */
function nameHangUp(error: SystemError): SystemError {
  const hasEnded = error.code === "ECONNRESET" && error.syscall === undefined;
  return hasEnded ? createError(PEER_CLOSED, "the server closed the connection") : error;
}

/** Reads a body to its end, so that the connection can be used again; a large one costs the connection instead. */
function drain(
  answer: Http.IncomingMessage,
  keepBody: boolean,
  done: (body: string, isWhole: boolean) => void,
  failed: (error: Error) => void,
): void {
  let bytes = 0;
  let body = "";
  answer.on("error", failed);
  answer.on("end", () => done(body, true));
  answer.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (keepBody) body += chunk.toString("latin1");
    if (bytes <= BODY_MAX_BYTES) return;
    done(body, false);
    answer.destroy();
  });
}

/** What is known of the one connection that is open. */
interface Connections {
  use(socket: Socket): void;
  countAnswer(): void;
  /** Its end has been announced: it is then no news. */
  expectEnd(): void;
}

/** Tells when a connection ends of which nobody expected it. */
function watchConnections(onUnexpectedEnd: () => void): Connections {
  let present: { readonly socket: Socket; answers: number; isLeaving: boolean } | null = null;
  return {
    use(socket) {
      if (present?.socket === socket) return;
      const opened = { socket, answers: 0, isLeaving: false };
      present = opened;
      // The HTTP agent itself closes a free connection when the time is over that the server announced for it.
      socket.once("timeout", () => {
        opened.isLeaving = true;
      });
      socket.once("close", () => {
        if (present === opened) present = null;
        if (!opened.isLeaving && opened.answers >= ANSWERS_NEEDED) onUnexpectedEnd();
      });
    },
    countAnswer() {
      if (present !== null) present.answers += 1;
    },
    expectEnd() {
      if (present !== null) present.isLeaving = true;
    },
  };
}
