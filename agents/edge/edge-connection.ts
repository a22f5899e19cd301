import { performance } from "node:perf_hooks";
import {
  type AgentFrame,
  EdgeFrame,
  FRAME_MAX_BYTES,
  PING,
  PING_INTERVAL_MS,
  PONG,
} from "@evenkeel/contracts/agent-protocol";
import WebSocket from "ws";

/** First wait before a connection is tried again, in milliseconds; it doubles up to the longest. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5000;
/** A connection attempt may take so long, in milliseconds. */
const HANDSHAKE_MS = 5000;
/** Without any frame for so long the connection is given up, in milliseconds. */
const DEAF_AFTER_MS = 4000;
/** How long the end of a connection waits for the other side, in milliseconds. */
const FAREWELL_MS = 300;
/** Bytes that may wait in the socket before frames are dropped: the control plane gets everything anew anyway. */
const BACKLOG_MAX_BYTES = 8 * FRAME_MAX_BYTES;

/** Who listens to a connection. */
export interface EdgeListener {
  /** The socket is open: say hello. */
  onOpen(): void;
  onFrame(frame: EdgeFrame): void;
  /** The connection is gone; it is tried again by itself. */
  onClosed(words: string): void;
}

/**
 * The agent's one outgoing WebSocket to the control plane. It comes back by itself, with jitter, for as long as the
 * agent runs, and notices within seconds when the other side is mute.
 */
export class EdgeConnection {
  readonly #url: string;
  readonly #token: string;
  readonly #listener: EdgeListener;
  #socket: WebSocket | null = null;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #heardAtMs = 0;
  #closed = false;

  /**
   * @param url base URL of the control plane
   * @param token the agent's token
   * @param listener who hears about frames
   */
  constructor(url: string, token: string, listener: EdgeListener) {
    const address = new URL("/api/v1/agents/connect", url);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    this.#url = address.href;
    this.#token = token;
    this.#listener = listener;
  }

  /** Begins to connect. */
  open(): void {
    if (this.#closed) return;
    const socket = new WebSocket(this.#url, {
      headers: { authorization: `Bearer ${this.#token}` },
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: FRAME_MAX_BYTES,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    let refusal = "";
    const pings = setInterval(() => this.#ping(socket), PING_INTERVAL_MS);
    socket.on("open", () => {
      this.#heardAtMs = performance.now();
      this.#listener.onOpen();
    });
    socket.on("message", (data, isBinary) => this.#receive(socket, isBinary ? null : String(data)));
    socket.on("error", (error) => {
      refusal = error.message;
    });
    socket.on("close", (code, reason) => {
      clearInterval(pings);
      if (this.#socket === socket) this.#socket = null;
      const words = [refusal, reason.toString()].filter((text) => text !== "").join("; ");
      this.#listener.onClosed(words === "" ? `closed with code ${code}` : words);
      this.#retry();
    });
  }

  /** Whether frames are coming in at present. */
  isHeard(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN && performance.now() - this.#heardAtMs < DEAF_AFTER_MS;
  }

  /** Tells that the control plane accepted us: the next loss is followed by a quick retry. */
  settle(): void {
    this.#retryMs = FIRST_RETRY_MS;
  }

  /**
   * Sends a frame.
   *
   * @returns false if there is no open connection; reports are repeated until acknowledged, so nothing is lost
   */
  send(frame: AgentFrame): boolean {
    const socket = this.#socket;
    if (socket === null || socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > BACKLOG_MAX_BYTES)
      return false;
    socket.send(JSON.stringify(frame));
    return true;
  }

  /** Ends the connection for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (socket === null) return;
    socket.close(1000, "the agent is ending");
    // The other side may be dead or busy: its farewell is not waited for long.
    const farewell = setTimeout(() => socket.terminate(), FAREWELL_MS);
    socket.once("close", () => clearTimeout(farewell));
  }

  #ping(socket: WebSocket): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (performance.now() - this.#heardAtMs > DEAF_AFTER_MS) {
      socket.terminate();
      return;
    }
    socket.send(PING);
  }

  #receive(socket: WebSocket, text: string | null): void {
    this.#heardAtMs = performance.now();
    if (text === PONG) return;
    const frame = text === null ? null : parseFrame(text);
    if (frame === null) {
      socket.close(1002, "the frame cannot be read");
      return;
    }
    this.#listener.onFrame(frame);
  }

  #retry(): void {
    if (this.#closed) return;
    // Full jitter over the upper half keeps a thousand agents from coming back in one wave.
    const waitMs = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    this.#timer = setTimeout(() => this.open(), waitMs);
  }
}

function parseFrame(text: string): EdgeFrame | null {
  try {
    return EdgeFrame.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
