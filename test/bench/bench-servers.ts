import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";

/**
 * The servers that probes are measured against, in a process of their own so that their cost is not the probes':
 * an HTTP API, one that tells how many connections that API has, and one that accepts everybody and says nothing.
 * Prints their ports as JSON.
 */
let connections = 0;

const api = createHttpServer((_request, response) => void response.end("ok"));
const counts = createHttpServer((_request, response) => void response.end(JSON.stringify({ connections })));
// A kept connection is kept for as long as the slowest interval needs.
api.keepAliveTimeout = 60_000;
api.on("connection", (socket) => {
  connections += 1;
  socket.once("close", () => {
    connections -= 1;
  });
});
// It reads, so that it sees who has left, and says nothing.
const mute = createServer((socket) => socket.resume().on("error", () => socket.destroy()));

const listen = (server: typeof mute) =>
  new Promise<number>((resolve) => {
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
const ports = { api: await listen(api), counts: await listen(counts), mute: await listen(mute) };
process.stdout.write(`${JSON.stringify(ports)}\n`);
