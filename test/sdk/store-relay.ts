import { connect, createServer, type Server, type Socket } from "node:net";

/** A relay before a store that a test can take away and give back. */
export interface StoreRelay {
  /** Closes every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Accepts connections again, on the same port. */
  mend(): Promise<void>;
}

/** Relays a port of this machine to another one. */
export async function openRelay(port: number, to: number): Promise<StoreRelay> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    // What one end does is done to the other; nobody else is to be told.
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
    return socket;
  };
  let server: Server | null = null;
  const mend = async (): Promise<void> => {
    const listening = createServer((client) => {
      const behind = keep(connect(to, "127.0.0.1"));
      keep(client).pipe(behind).pipe(client);
      client.once("close", () => behind.destroy());
      behind.once("close", () => client.destroy());
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(port, "127.0.0.1", resolve));
  };
  await mend();
  return {
    mend,
    cut: () =>
      new Promise((resolve) => {
        server?.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
