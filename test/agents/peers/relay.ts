import { connect, createServer, type Socket } from "node:net";

/** A cable between a dialler and a listener that the test holds in its hand. */
export interface Relay {
  readonly port: number;
  /** Bytes that came from diallers, connection by connection. */
  readonly recorded: Buffer[][];
  /** Swallows everything from now on, on old connections and new ones; nobody is told. */
  cut(): void;
  heal(): void;
  /** Ends all connections in good order. */
  drop(): void;
  close(): void;
}

/** Opens a relay to a port of this machine. */
export function openRelay(to: number): Promise<Relay> {
  const pairs = new Set<Socket>();
  const recorded: Buffer[][] = [];
  let swallows = false;
  const server = createServer((inner) => {
    const outer = connect(to, "127.0.0.1");
    const bytes: Buffer[] = [];
    recorded.push(bytes);
    const join = (from: Socket, into: Socket) => {
      pairs.add(from);
      from.on("data", (chunk: Buffer) => {
        if (from === inner) bytes.push(chunk);
        if (!swallows) into.write(chunk);
      });
      from.on("error", () => into.destroy());
      from.on("close", () => {
        pairs.delete(from);
        into.destroy();
      });
    };
    join(inner, outer);
    join(outer, inner);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const bound = server.address();
      if (typeof bound !== "object" || bound === null) return reject(new Error("the relay has no port"));
      const drop = () => {
        for (const socket of pairs) socket.destroy();
      };
      resolve({
        port: bound.port,
        recorded,
        cut: () => {
          swallows = true;
        },
        heal: () => {
          swallows = false;
        },
        drop,
        close: () => {
          server.close();
          drop();
        },
      });
    });
  });
}
