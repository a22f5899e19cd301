import type * as Net from "node:net";
import type { ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import { ABANDONED, PEER_CLOSED } from "./network-errors.ts";

/** The one socket of a session, not connected yet. Whoever uses it adds nothing but what it reads and writes. */
export interface Line {
  readonly socket: Net.Socket;
  /**
   * Ends the session, because the peer closed the connection or broke its protocol. The first call counts. For what the
   * socket itself does not tell: a driver's idle error, the end of a TLS socket on top.
   */
  lose(error: Error): void;
}

/** Asks once over a connection that stands. */
export type Ask = () => Promise<unknown>;

/** How long a session lives, as whoever connects it has to know. */
export interface Life {
  /** Aborts when the session ends, with what ended it: whoever opened a socket destroys it then. */
  readonly ended: AbortSignal;
  /** See {@link Line.lose}. */
  lose(error: Error): void;
}

/**
 * Keeps one connection over a socket of its own; see {@link keepSession}.
 *
 * @param context the agent's surroundings
 * @param begin connects and logs in over the socket; it returns what asks from then on
 * @returns the session
 */
export function keepConnection(context: ProbeContext, begin: (line: Line) => Promise<Ask>): ProbeSession {
  return keepSession(context, async ({ ended, lose }) => {
    const net = await context.load<typeof Net>("node:net");
    ended.throwIfAborted();
    const socket = new net.Socket();
    ended.addEventListener("abort", () => socket.destroy());
    watch(socket, lose);
    return begin({ socket, lose });
  });
}

/**
 * Keeps a session: begun at the first probe, gone for good once it is lost or destroyed. A probe in flight rejects at
 * once when that happens, because drivers forget calls whose socket is destroyed.
 *
 * @param context the agent's surroundings; `onClosed` is called once, if the peer closes a connection that has answered
 * @param begin connects and logs in; it returns what asks from then on
 * @returns the session
 */
export function keepSession(context: ProbeContext, begin: (life: Life) => Promise<Ask>): ProbeSession {
  const ending = new AbortController();
  let ask: Ask | null = null;
  let rejectInFlight: ((error: Error) => void) | null = null;
  let hasAnswered = false;
  let endedBy: Error | null = null;

  function end(error: Error): void {
    endedBy = error;
    ending.abort(error);
    rejectInFlight?.(error);
  }

  function lose(error: Error): void {
    if (endedBy !== null) return;
    end(error);
    if (hasAnswered) context.onClosed();
  }

  async function start(): Promise<unknown> {
    ask = await begin({ ended: ending.signal, lose });
    return ask();
  }

  return {
    probe: () =>
      new Promise((resolve, reject) => {
        if (endedBy !== null) return reject(endedBy);
        rejectInFlight = reject;
        (ask === null ? start() : ask()).then(
          (sample) => {
            rejectInFlight = null;
            hasAnswered = true;
            resolve(sample);
          },
          (error: unknown) => {
            rejectInFlight = null;
            reject(error);
          },
        );
      }),
    destroy() {
      if (endedBy === null) end(createError(ABANDONED, "the probe was given up"));
    },
  };
}

function watch(socket: Net.Socket, lose: (error: Error) => void): void {
  socket.setNoDelay(true);
  socket.on("error", lose);
  // Node closes a socket whose peer has ended its side. An engine's farewell has been read before.
  socket.on("close", () => lose(createError(PEER_CLOSED, "the server closed the connection")));
}

/**
 * Makes an error with a code, as the tables of meanings know it.
 *
 * @param code the code
 * @param message what happened
 */
export function createError(code: string, message: string): Error & { readonly code: string } {
  return Object.assign(new Error(message), { code });
}
