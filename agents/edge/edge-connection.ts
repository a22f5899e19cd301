import {
  type AgentFrame,
  EdgeFrame,
  FRAME_MAX_BYTES,
  PING,
  PING_INTERVAL_MS,
  PONG,
} from "@evenkeel/contracts/agent-protocol";
import { type Cancel, type Clock, SYSTEM_CLOCK } from "../clock.ts";
import type { Dial, EdgeSocket } from "./edge-socket.ts";

/** First wait before a connection is tried again, in milliseconds; it doubles up to the longest. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5000;
/** Without any frame for so long the connection is given up, in milliseconds. */
const DEAF_AFTER_MS = 4000;
/** Without a welcome for so long after the connection opened it is given up, in milliseconds. */
const WELCOME_MAX_MS = 5000;
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

/** The surroundings of a connection. */
export interface EdgePorts {
  readonly clock: Clock;
  /** A random number from 0 up to 1, for the jitter. */
  readonly random: () => number;
  /** Reads a frame; by default against its schema. @returns null for what is none */
  readonly readFrame?: ReadFrame | undefined;
}

/** Reads the text of a frame of the control plane; null for what is none. */
export type ReadFrame = (text: string) => EdgeFrame | null;

const REAL: EdgePorts = { clock: SYSTEM_CLOCK, random: () => Math.random() };
const NOTHING: Cancel = () => undefined;

/**
 * The agent's one outgoing WebSocket to the control plane. It comes back by itself, with jitter, for as long as the
 * agent runs, and notices within seconds when the other side is mute.
 */
export class EdgeConnection {
  readonly #dial: Dial;
  readonly #listener: EdgeListener;
  readonly #ports: EdgePorts;
  #socket: EdgeSocket | null = null;
  #retryMs = FIRST_RETRY_MS;
  #cancelRetry: Cancel = NOTHING;
  #cancelFarewell: Cancel = NOTHING;
  #cancelWelcome: Cancel = NOTHING;
  #heardAtMs = 0;
  #closed = false;

  /**
   * @param dial how the control plane is reached
   * @param listener who hears about frames
   * @param ports clock and jitter
   */
  constructor(dial: Dial, listener: EdgeListener, ports: EdgePorts = REAL) {
    this.#dial = dial;
    this.#listener = listener;
    this.#ports = ports;
  }

  /** Begins to connect. */
  open(): void {
    if (this.#closed) return;
    const { clock } = this.#ports;
    const socket = this.#dial({
      onOpen: () => {
        this.#heardAtMs = clock.now();
        // Pings are answered by the runtime even if our hello never got to the object: they prove no welcome.
        this.#cancelWelcome = clock.after(WELCOME_MAX_MS, () => socket.terminate());
        this.#listener.onOpen();
      },
      onText: (text) => this.#receive(socket, text),
      onClosed: (words) => {
        endPings();
        this.#cancelFarewell();
        this.#cancelWelcome();
        if (this.#socket === socket) this.#socket = null;
        this.#listener.onClosed(words);
        this.#retry();
      },
    });
    this.#socket = socket;
    const endPings = clock.every(PING_INTERVAL_MS, () => this.#ping(socket));
  }

  /** Whether frames are coming in at present. */
  isHeard(): boolean {
    return this.#socket?.isOpen() === true && this.#ports.clock.now() - this.#heardAtMs < DEAF_AFTER_MS;
  }

  /** Tells that the control plane accepted us: the next loss is followed by a quick retry. */
  settle(): void {
    this.#retryMs = FIRST_RETRY_MS;
    this.#cancelWelcome();
  }

  /**
   * Sends a frame.
   *
   * @returns false if there is no open connection; reports are repeated until acknowledged, so nothing is lost
   */
  send(frame: AgentFrame): boolean {
    const socket = this.#socket;
    if (socket === null || !socket.isOpen() || socket.backlogBytes() > BACKLOG_MAX_BYTES) return false;
    socket.send(JSON.stringify(frame));
    return true;
  }

  /** Ends the connection for good. */
  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#cancelWelcome();
    const socket = this.#socket;
    if (socket === null) return;
    socket.close(1000, "the agent is ending");
    // The other side may be dead or busy: its farewell is not waited for long.
    this.#cancelFarewell = this.#ports.clock.after(FAREWELL_MS, () => socket.terminate());
  }

  #ping(socket: EdgeSocket): void {
    if (!socket.isOpen()) return;
    if (this.#ports.clock.now() - this.#heardAtMs > DEAF_AFTER_MS) {
      socket.terminate();
      return;
    }
    socket.send(PING);
  }

  #receive(socket: EdgeSocket, text: string | null): void {
    this.#heardAtMs = this.#ports.clock.now();
    if (text === PONG) return;
    const read = this.#ports.readFrame ?? parseFrame;
    const frame = text === null ? null : read(text);
    if (frame === null) {
      socket.close(1002, "the frame cannot be read");
      return;
    }
    this.#listener.onFrame(frame);
  }

  #retry(): void {
    if (this.#closed) return;
    // Full jitter over the upper half keeps a thousand agents from coming back in one wave.
    const waitMs = this.#retryMs * (0.5 + this.#ports.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    this.#cancelRetry = this.#ports.clock.after(waitMs, () => this.open());
  }
}

function parseFrame(text: string): EdgeFrame | null {
  try {
    return EdgeFrame.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
