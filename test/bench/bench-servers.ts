import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";

/**
 * The servers that probes are measured against, in a process of their own so that their cost is not the probes':
 * an HTTP API that counts, and one that accepts everybody and says nothing. Prints their ports as JSON.
 */
let connections = 0;
let requests = 0;

const api = createHttpServer((request, response) => {
  if (request.url === "/counts") {
    response.end(JSON.stringify({ connections, requests }));
    return;
  }
  requests += 1;
  response.end("ok");
});
// A kept connection is kept for as long as the slowest interval needs.
api.keepAliveTimeout = 60_000;
api.on("connection", () => {
  connections += 1;
});
// It reads, so that it sees who has left, and says nothing.
const mute = createServer((socket) => socket.resume().on("error", () => socket.destroy()));

const listen = (server: typeof mute | typeof api) =>
  new Promise<number>((resolve) => {
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
process.stdout.write(`${JSON.stringify({ api: await listen(api), mute: await listen(mute) })}\n`);
