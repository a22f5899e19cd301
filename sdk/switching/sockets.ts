import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { cutInTurns } from "./cut-in-turns.ts";

/** The sockets of one side, in whatever state they are. */
export interface SocketSet {
  /** Makes a socket that is known until it closes. */
  create(): Socket;
  /**
   * Takes in a connection that somebody else made, and destroys it if it does not stand in time.
   *
   * @param onClose called when it closes
   */
  add(stream: Duplex, connectWithinMs: number, onClose: () => void): void;
  /** Destroys all of them; each gets an error of its own, because drivers write into the errors that they pass on. */
  destroyAll(createError: () => Error): void;
  /**
   * Destroys all that exist now, in the next turn: nobody waits for the idle ones, and taking many of them out of a pool
   * would delay those who are told that their call was given up.
   */
  destroyRestSoon(createError: () => Error): void;
  count(): number;
}

/**
 * Keeps the sockets of a pool in reach. Pools know a connection only once it stands; a connection attempt that hangs
 * must be destroyed as well.
 *
 * @returns an empty set
 */
export function createSocketSet(): SocketSet {
  const sockets = new Set<Duplex>();
  return {
    create() {
      const socket = new Socket();
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      return socket;
    },
    add(stream, connectWithinMs, onClose) {
      sockets.add(stream);
      const timer = setTimeout(() => {
        const message = `connect ETIMEDOUT: no connection within ${connectWithinMs} ms`;
        stream.destroy(Object.assign(new Error(message), { code: "ETIMEDOUT" }));
      }, connectWithinMs);
      stream.once("connect", () => clearTimeout(timer));
      stream.once("close", () => {
        clearTimeout(timer);
        sockets.delete(stream);
        onClose();
      });
    },
    destroyAll(createError) {
      for (const socket of sockets) socket.destroy(createError());
    },
    destroyRestSoon(createError) {
      const standing = [...sockets];
      setImmediate(() => {
        cutInTurns(
          standing.filter((socket) => !socket.destroyed),
          (socket) => socket.destroy(createError()),
        );
      });
    },
    count: () => sockets.size,
  };
}
