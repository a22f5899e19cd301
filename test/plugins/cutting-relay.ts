import { connect } from "node:net";
import { type FaultServer, openServer } from "./fault-servers.ts";

/**
 * Opens a relay that cuts its connections in good order after some bytes of the server's.
 *
 * @param server the real server
 * @param bytes how much of its answer gets through
 */
export async function openCuttingRelay(
  server: { readonly host: string; readonly port: number },
  bytes: number,
): Promise<FaultServer> {
  return await openServer((client) => {
    const upstream = connect(server.port, server.host);
    let left = bytes;
    client.on("data", (chunk) => upstream.write(chunk));
    client.on("close", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
    upstream.on("data", (chunk: Buffer) => {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (part.length > 0) client.write(part);
      if (part.length < chunk.length || left === 0) {
        client.end();
        upstream.destroy();
      }
    });
  });
}
