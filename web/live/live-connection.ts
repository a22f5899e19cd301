import { PING, PONG } from "@evenkeel/contracts/agent-protocol";
import type { LiveView } from "@evenkeel/contracts/live";
import { replaceEqualDeep } from "@tanstack/react-query";
import type { Answer } from "../api/request.ts";
import { computeBackoff, SILENCE_MAX_MS } from "./freshness.ts";
import type { LiveSocket, LiveState, LiveSurroundings } from "./live-line.ts";
import { isOlder, readFrame, readTrouble } from "./read-view.ts";

/** Milliseconds between two pings. */
export const PING_EVERY_MS = 2_000;
/** Milliseconds between two polls while no socket is open. */
export const POLL_EVERY_MS = 2_000;
/** Milliseconds between two polls beside an open socket: they prove that the object itself still answers. */
export const RECHECK_EVERY_MS = 15_000;
/** A socket that does not open within this time is given up. */
export const OPEN_MAX_MS = 5_000;

const BEGINNING: LiveState = {
  view: null,
  trouble: null,
  socketOpen: false,
  heardAtMs: null,
  picturedAtMs: null,
  pollFailed: false,
};

/** Keeps the picture of one instance up to date: by WebSocket, and by polling while there is none. */
export class LiveConnection {
  readonly #surroundings: LiveSurroundings;
  readonly #listeners = new Set<() => void>();
  #state: LiveState = BEGINNING;
  #socket: LiveSocket | null = null;
  #attempt = 0;
  #polling: Promise<void> | null = null;
  #stopped = true;
  #socketTimer: ReturnType<typeof setTimeout> | undefined;
  #pollTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(surroundings: LiveSurroundings) {
    this.#surroundings = surroundings;
  }

  /** The present state; a new object after each change. */
  readonly getState = (): LiveState => this.#state;

  /** Calls back after each change, until the returned function is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Connects, and polls at once so that the first picture does not wait for the socket. */
  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#connect();
    void this.#poll();
  }

  /** Ends everything; `start` begins again. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#pollTimer);
    this.#dropSocket();
  }

  /** Tries again now: the person asked, the network came back, or the page became visible. */
  retryNow(): void {
    if (this.#stopped) return;
    this.#attempt = 0;
    if (this.#socket === null) this.#connect();
    else if (this.#state.socketOpen) this.#ping();
    void this.refresh();
  }

  /** Gets the present picture now, beside the socket; resolves when it is there or failed. */
  refresh(): Promise<void> {
    return this.#poll();
  }

  #change(change: Partial<LiveState>): void {
    // What did not change keeps its identity, so that the page draws again only what did.
    const view = replaceEqualDeep(this.#state.view, change.view ?? this.#state.view);
    this.#state = { ...this.#state, ...change, view };
    for (const listener of this.#listeners) listener();
  }

  #connect(): void {
    clearTimeout(this.#socketTimer);
    if (this.#stopped) return;
    this.#socketTimer = setTimeout(() => this.#lose(), OPEN_MAX_MS);
    this.#socket = this.#surroundings.openSocket({
      // An open socket is no picture yet: what is shown stays old until the first frame.
      opened: () => this.#ping(),
      closed: () => this.#lose(),
      received: (data) => this.#read(data),
    });
  }

  #ping(): void {
    clearTimeout(this.#socketTimer);
    this.#socket?.send(PING);
    this.#socketTimer = setTimeout(() => this.#lose(), SILENCE_MAX_MS);
  }

  #read(data: unknown): void {
    const heardAtMs = this.#surroundings.now();
    clearTimeout(this.#socketTimer);
    this.#socketTimer = setTimeout(() => this.#ping(), PING_EVERY_MS);
    if (data === PONG) {
      this.#change({ heardAtMs });
      return;
    }
    const view = readFrame(data);
    if (view === null) {
      // What is shown is old from here on; a poll tells whether the picture can be read at all.
      this.#change({ heardAtMs, socketOpen: false });
      console.warn("a frame of the control plane could not be read");
      void this.refresh();
      return;
    }
    this.#attempt = 0;
    this.#change({ heardAtMs, picturedAtMs: heardAtMs, socketOpen: true, trouble: null, view });
  }

  /** Gives the socket up and plans the next; meanwhile the picture is polled. */
  #lose(): void {
    this.#dropSocket();
    if (this.#stopped) return;
    this.#attempt += 1;
    const waitMs = computeBackoff(this.#attempt, this.#surroundings.random());
    this.#socketTimer = setTimeout(() => this.#connect(), waitMs);
    void this.refresh();
  }

  #dropSocket(): void {
    clearTimeout(this.#socketTimer);
    this.#socket?.close();
    this.#socket = null;
    if (this.#state.socketOpen) this.#change({ socketOpen: false, pollFailed: false });
  }

  /** At most one poll is under way. */
  #poll(): Promise<void> {
    clearTimeout(this.#pollTimer);
    if (this.#stopped) return Promise.resolve();
    this.#polling ??= this.#pollOnce().finally(() => {
      this.#polling = null;
      if (this.#stopped) return;
      const everyMs = this.#state.socketOpen ? RECHECK_EVERY_MS : POLL_EVERY_MS;
      this.#pollTimer = setTimeout(() => void this.#poll(), everyMs);
    });
    return this.#polling;
  }

  async #pollOnce(): Promise<void> {
    const answer = await this.#surroundings.poll();
    if (!this.#stopped) this.#take(answer);
  }

  #take(answer: Answer<LiveView>): void {
    const now = this.#surroundings.now();
    if (answer.ok) {
      // A frame that came while the poll was under way may be newer than the answer.
      const view = isOlder(answer.value, this.#state.view) ? this.#state.view : answer.value;
      this.#change({ view, heardAtMs: now, picturedAtMs: now, pollFailed: false, trouble: null });
      return;
    }
    const { failure } = answer;
    if (failure.reason === "problem" && failure.problem.status === 401) {
      this.stop();
      this.#surroundings.onSignedOut();
      return;
    }
    this.#change({ pollFailed: true, trouble: readTrouble(failure) });
  }
}
