import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What a fault server says and when; the server itself knows no engine. */
export interface Script {
  /** What the engine says first, as soon as somebody connects; empty where the client speaks first. */
  readonly greeting: Uint8Array;
  /** The beginning of an answer that never comes to its end. */
  readonly partOfAnswer: Uint8Array;
  /** A byte that may go on for ever within that answer. */
  readonly filler: number;
}

/** A server that misbehaves. */
export interface FaultServer {
  readonly address: string;
  /** Closes everything and gives the port back. */
  close(): Promise<void>;
}

/** The ways in which a target can fail below its protocol. */
export const FAULTS = {
  /** Nobody listens. */
  refused: openRefused,
  /** The kernel drops what wants to connect: the queue of a process that accepts nobody is full. */
  blackhole: openBlackhole,
  /** Connections are accepted, as a stopped process does, and nothing is ever said. */
  mute: () => openServer(() => undefined),
  /** Connections are accepted and closed at once, as by a proxy without a server behind it. */
  "accept-and-close": () => openServer((socket) => socket.end()),
  /** The login is begun and cut off. */
  "close-in-handshake": (script: Script) =>
    openServer((socket) => {
      if (script.greeting.length > 0) socket.write(script.greeting);
      socket.once("data", () => socket.end());
    }),
  /** Something else answers. */
  garbage: () =>
    openServer((socket) => {
      socket.write(makeGarbage(7));
      socket.on("data", () => socket.write(makeGarbage(11)));
    }),
  /** The connection is reset in the middle of an answer. */
  "reset-mid-answer": (script: Script) =>
    openServer((socket) => {
      const answer = () => socket.write(script.partOfAnswer, () => socket.resetAndDestroy());
      if (script.greeting.length > 0) answer();
      else socket.once("data", answer);
    }),
  /** An answer comes byte by byte and never ends, so that no idle time-out ever fires. */
  "slow-drip": (script: Script) =>
    openServer((socket) => {
      // Dripping before the beginning would be garbage.
      const begin = () => {
        socket.write(script.partOfAnswer);
        const drip = setInterval(() => socket.write(Uint8Array.of(script.filler)), DRIP_MS);
        socket.once("close", () => clearInterval(drip));
      };
      if (script.greeting.length > 0) begin();
      else socket.once("data", begin);
    }),
} as const satisfies Record<string, (script: Script) => Promise<FaultServer>>;

/** The name of a fault. */
export type FaultName = keyof typeof FAULTS;

/** Time between two bytes of a slow answer. */
const DRIP_MS = 5;
/** Bytes of one piece of garbage. */
const GARBAGE_BYTES = 600;
/** Connections that a process with a backlog of 1 surely does not queue any more. */
const QUEUED = 4;

/**
 * Starts a server on a free port of this machine.
 *
 * @param serve what to do with a connection
 * @param host the address of this machine
 */
export async function openServer(
  serve: (socket: Socket) => void,
  host: "127.0.0.1" | "::1" = "127.0.0.1",
): Promise<FaultServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client that gives up resets the connection; that is what these servers are for.
    socket.on("error", () => sockets.delete(socket));
    socket.resume();
    serve(socket);
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `${host === "::1" ? "[::1]" : host}:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function openRefused(): Promise<FaultServer> {
  const server = await openServer(() => undefined);
  await server.close();
  return { address: server.address, close: async () => undefined };
}

async function openBlackhole(): Promise<FaultServer> {
  // It listens, says where, and then its only thread sleeps for ever: the kernel queues what it can and drops the rest.
  const program = `
    const server = require("node:net").createServer();
    server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
      require("node:fs").writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "ignore"] });
  const [said] = await once(child.stdout, "data");
  const port = Number(String(said));
  const queued = Array.from({ length: QUEUED }, () => connect(port, "127.0.0.1"));
  for (const socket of queued) socket.on("error", () => socket.destroy());
  await Promise.race(queued.map((socket) => once(socket, "connect")));
  return {
    address: `127.0.0.1:${port}`,
    async close() {
      for (const socket of queued) socket.destroy();
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}

/**
 * Makes bytes that are no protocol, the same for the same seed (xorshift, Marsaglia 2003).
 *
 * @param seed not zero
 */
export function makeGarbage(seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: GARBAGE_BYTES }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}
