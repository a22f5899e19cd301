import type { ConsoleFrame, LiveView } from "@evenkeel/contracts/live";
import type { Connections } from "./connections.ts";
import type { LiveSocket } from "./ports.ts";
import { sendText } from "./sockets.ts";

/** Least time between two frames to consoles, in milliseconds: four a second. */
export const CONSOLE_SPACING_MS = 250;

/** Brings the picture to consoles, coalesced. */
export interface ConsoleFeed {
  /** Something changed: consoles get a frame now, or as soon as the spacing allows. */
  touch(): void;
  /** Sends the picture to one console at once. */
  greet(socket: LiveSocket): void;
}

/**
 * Makes the feed of an object's consoles.
 *
 * @param connections the object's sockets
 * @param render renders the present picture; null while there is none
 * @returns the feed
 */
export function createConsoleFeed(connections: Connections, render: () => LiveView | null): ConsoleFeed {
  let sentAtMs = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;

  const flush = () => {
    timer = null;
    sentAtMs = Date.now();
    const text = renderFrame(render());
    if (text === null) return;
    for (const socket of connections.listConsoles()) sendText(socket, text);
  };

  return {
    touch() {
      if (timer !== null || connections.listConsoles().length === 0) return;
      // Even the first frame waits for the end of this turn: agents' frames go first.
      timer = setTimeout(flush, Math.max(0, sentAtMs + CONSOLE_SPACING_MS - Date.now()));
    },
    greet(socket) {
      const text = renderFrame(render());
      if (text !== null) sendText(socket, text);
    },
  };
}

function renderFrame(view: LiveView | null): string | null {
  if (view === null) return null;
  const frame: ConsoleFrame = { type: "view", view };
  return JSON.stringify(frame);
}
