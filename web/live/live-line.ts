import type { LiveView } from "@evenkeel/contracts/live";
import type { Answer } from "../api/request.ts";
import type { LineState } from "./freshness.ts";

/** Why there is no picture, and none is to be expected. */
export type Trouble = "gone" | "forbidden" | "unreadable";

/** What the page gets of the connection. */
export interface LiveState extends LineState {
  /** The last picture; null before the first. */
  readonly view: LiveView | null;
  readonly trouble: Trouble | null;
}

/** An open or opening WebSocket. */
export interface LiveSocket {
  send(text: string): void;
  /** Closes it; its listener hears nothing more. */
  close(): void;
}

/** What a socket tells. */
export interface SocketListener {
  opened(): void;
  closed(): void;
  received(data: unknown): void;
}

/** What the connection needs of its surroundings. */
export interface LiveSurroundings {
  openSocket(listener: SocketListener): LiveSocket;
  poll(): Promise<Answer<LiveView>>;
  /** Monotonic clock, ms. */
  now(): number;
  /** A number from 0 to 1. */
  random(): number;
  /** Called when the control plane does not know the session any more. */
  onSignedOut(): void;
}
