/** What a socket tells its owner; nothing after `onClosed`, which always comes. */
export interface EdgeSocketEvents {
  onOpen(): void;
  /** A text frame; null: one that is none. */
  onText(text: string | null): void;
  /** @param words why, for people */
  onClosed(words: string): void;
}

/** One attempt to reach the control plane, and the connection that comes of it. */
export interface EdgeSocket {
  isOpen(): boolean;
  /** Bytes that wait to be sent. */
  backlogBytes(): number;
  send(text: string): void;
  close(code: number, reason: string): void;
  /** Ends it without waiting for the other side. */
  terminate(): void;
}

/** Dials the control plane. */
export type Dial = (events: EdgeSocketEvents) => EdgeSocket;
