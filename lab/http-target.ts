import { createServer } from "node:http";
import { parseArgs } from "node:util";

/** A small HTTP API, as a target of API monitors: `GET /health` answers 200. Usage: `node lab/http-target.ts --listen PORT` */
const { values } = parseArgs({ options: { listen: { type: "string" } } });
const server = createServer((request, response) => {
  const known = request.url === "/health";
  response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify(known ? { status: "ok" } : { error: "unknown path" }));
});
server.listen(Number(values.listen), "127.0.0.1");
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
