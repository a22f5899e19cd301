import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { makeGarbage, type Script } from "../plugins/fault-servers.ts";

/** How a flapping server misbehaves, one after the other. */
export const MOODS = ["mute", "closing", "resetting", "garbage", "dripping", "refused"] as const;
/** See {@link MOODS}. */
export type Mood = (typeof MOODS)[number];

/** Time between two bytes of a slow answer. */
const DRIP_MS = 20;

/** A server on one port whose faults come and go. */
export interface FlappingServer {
  readonly port: number;
  turn(mood: Mood): Promise<void>;
}

const BEHAVIOURS: Readonly<Record<Exclude<Mood, "refused">, (socket: Socket, script: Script) => void>> = {
  mute: () => undefined,
  closing(socket, { greeting }) {
    if (greeting.length > 0) socket.write(greeting);
    socket.once("data", () => socket.end());
  },
  resetting(socket, { partOfAnswer }) {
    socket.once("data", () => socket.write(partOfAnswer, () => socket.resetAndDestroy()));
  },
  garbage: (socket) => socket.write(makeGarbage(7)),
  dripping(socket, { partOfAnswer, filler }) {
    socket.write(partOfAnswer);
    const drip = setInterval(() => socket.write(Uint8Array.of(filler)), DRIP_MS);
    socket.once("close", () => clearInterval(drip));
  },
};

/**
 * Opens a flapping server; nobody listens at first.
 *
 * @param port its port
 * @param script what the engine says
 */
export function openFlappingServer(port: number, script: Script): FlappingServer {
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  const leave = async () => {
    for (const socket of sockets) socket.destroy();
    if (server === null) return;
    server.close();
    await once(server, "close");
    server = null;
  };
  return {
    port,
    async turn(mood) {
      await leave();
      if (mood === "refused") return;
      server = createServer((socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
        // A client that gives up resets the connection.
        socket.on("error", () => sockets.delete(socket));
        socket.resume();
        BEHAVIOURS[mood](socket, script);
      });
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    },
  };
}
