import type { LiveSocket } from "../../durable-objects/instance/ports.ts";
import type { Timeline } from "./timeline.ts";

/** How a way through the network is: open, held up (everything comes later, in order), or swallowing everything. */
export type Way = "open" | "stalled" | "lost";

/** Both ways of one connection at present, and its latency in virtual milliseconds. */
export interface Path {
  readonly up: () => Way;
  readonly down: () => Way;
  readonly latencyMs: number;
  /** Where the agent stands. */
  readonly site: string;
}

/** What an end of a connection hears. */
export interface EndEvents {
  onText(text: string): void;
  onClosed(words: string): void;
}

/** A WebSocket between an agent and the control plane: ordered, held up or cut as a whole, never reordered. */
export interface VirtualSocket {
  /** The control plane's end. */
  readonly server: LiveSocket & { pongedAtMs: number; closed: boolean };
  sendUp(text: string): void;
  /** Both ends learn that it is over, as far as the network lets them. */
  cut(words: string): void;
  /** Something may have changed in the network: what was held up goes on. */
  flush(): void;
  clientOpen: boolean;
  /** Where the agent stands. */
  readonly site: string;
  /** Sees what the control plane sends. */
  onSent: (text: string) => void;
}

/**
 * Opens a virtual connection.
 *
 * @param timeline virtual time
 * @param path the network
 * @param client the agent's ears
 * @param server the control plane's ears
 */
export function openVirtualSocket(
  timeline: Timeline,
  path: Path,
  client: EndEvents,
  server: EndEvents,
): VirtualSocket {
  let attachment: unknown = null;
  const lines = { up: [] as (() => void)[], down: [] as (() => void)[] };

  function travel(line: "up" | "down", act: () => void): void {
    const way = path[line]();
    if (way === "lost") return;
    if (way === "stalled" || lines[line].length > 0) lines[line].push(act);
    else timeline.after(path.latencyMs, act);
  }
  const endServer = (words: string) => {
    if (socket.server.closed) return;
    socket.server.closed = true;
    server.onClosed(words);
  };
  const endClient = (words: string) => {
    if (!socket.clientOpen) return;
    socket.clientOpen = false;
    client.onClosed(words);
  };
  const socket: VirtualSocket = {
    clientOpen: true,
    site: path.site,
    onSent: () => undefined,
    server: {
      pongedAtMs: 0,
      closed: false,
      send(text) {
        socket.onSent(text);
        if (!socket.server.closed) travel("down", () => socket.clientOpen && client.onText(text));
      },
      close(_code, reason) {
        if (socket.server.closed) return;
        travel("down", () => endClient(reason));
        timeline.after(1, () => endServer(reason));
      },
      // The runtime keeps a copy.
      serializeAttachment: (value) => {
        attachment = value;
      },
      deserializeAttachment: () => attachment,
    },
    sendUp(text) {
      if (socket.clientOpen) travel("up", () => !socket.server.closed && server.onText(text));
    },
    cut(words) {
      travel("up", () => endServer(words));
      travel("down", () => endClient(words));
    },
    flush() {
      for (const line of ["up", "down"] as const) {
        const way = path[line]();
        if (way === "stalled") continue;
        const held = lines[line].splice(0);
        if (way === "open") for (const act of held) timeline.after(path.latencyMs, act);
      }
    },
  };
  return socket;
}
