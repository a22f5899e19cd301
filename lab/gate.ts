/**
 * A gate in front of a server: a process of its own that passes bytes both ways. Killing it makes the target refuse
 * connections, stopping it (SIGSTOP) makes the target a black hole, and the server behind it lives on untouched.
 *
 *   node lab/gate.ts --listen 24040 --to 24020
 */
import { connect, createServer, type Socket } from "node:net";
import { parseArgs } from "node:util";
import { z } from "zod";
import { LAB_HOST } from "./processes/ports.ts";

/** Connections that the system accepts for a stopped gate; the ones after them do not even get an answer to SYN. */
const BACKLOG = 16;
/** More connections than any client of the lab opens. */
const MAX_CONNECTIONS = 2000;

const port = z.coerce.number().int().min(1).max(65_535);
const { values } = parseArgs({ options: { listen: { type: "string" }, to: { type: "string" } } });
const { listen, to } = z.object({ listen: port, to: port }).parse(values);

/** Passes one connection on; when either side fails or ends, so does the other. */
function relay(client: Socket): void {
  const server = connect({ host: LAB_HOST, port: to, noDelay: true });
  for (const [from, into] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on("error", () => into.resetAndDestroy());
    from.on("close", () => into.destroy());
    from.pipe(into);
  }
}

const gate = createServer({ noDelay: true }, relay);
gate.maxConnections = MAX_CONNECTIONS;
gate.listen({ host: LAB_HOST, port: listen, backlog: BACKLOG });
