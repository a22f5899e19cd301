import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { ServerCertificate } from "./test-certificates.ts";

/** An HTTP server of a test, gone when the test is over. */
export interface HttpServer {
  readonly address: string;
  /** Connections that were ever opened. */
  readonly sockets: readonly Socket[];
  readonly requests: readonly IncomingMessage[];
  close(): void;
}

/**
 * Serves HTTP on a free port of this machine until the test is over.
 *
 * @param answer answers a request
 * @param certificate makes it HTTPS
 */
export async function serveHttp(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  certificate?: ServerCertificate,
): Promise<HttpServer> {
  const sockets: Socket[] = [];
  const requests: IncomingMessage[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    requests.push(request);
    request.resume();
    answer(request, response);
  };
  const options = { keepAlive: true, keepAliveTimeout: 0 };
  const server =
    certificate === undefined
      ? createServer(options, handle)
      : createSecureServer({ ...options, ...certificate }, handle);
  server.on("connection", (socket) => sockets.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(close);
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, requests, close };
}
