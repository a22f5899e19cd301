import { AppError } from "@evenkeel/contracts/errors";
import { CALLER_HEADER, type SocketCaller } from "@evenkeel/durable-objects/instance/door";
import { eq } from "drizzle-orm";
import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { findInstanceOf, type PresentedSecret, readSecret } from "../auth/secrets.ts";
import { openCatalogue, within } from "../db/open.ts";
import { agents } from "../db/schema.ts";
import { openInstance } from "../environment.ts";

/** The socket of an agent: authenticated by its token, then handed to its Instance. */
export const agentSocketRoutes = new Hono<AppEnv>().get(
  "/connect",
  describeRoute({
    summary: "Connect an agent (WebSocket)",
    tags: ["agents"],
    responses: { 101: { description: "Connected" } },
  }),
  async (c) => {
    const token = /^Bearer\s+(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const secret = token === undefined ? null : await readSecret(token);
    if (secret?.kind !== "agent") throw refuseAgent();
    const found = await findAgent(c, secret);
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
      // The token was looked at before, so that `evenkeel-agent doctor` can tell a good one from a removed agent's.
      if (found.agent === null)
        throw new AppError("catalogue-unavailable", "The token cannot be checked now");
      throw new AppError("protocol-mismatch", "Agents connect by WebSocket");
    }
    const caller: SocketCaller = { role: "agent", id: secret.id, hash: secret.hash, agent: found.agent };
    const headers = { upgrade: "websocket", [CALLER_HEADER]: JSON.stringify(caller) };
    const response = await openInstance(c.env, found.instanceId).fetch("https://instance/agent", { headers });
    if (response.status === 401) throw refuseAgent();
    if (response.status === 404) {
      throw new AppError("catalogue-unavailable", "This instance is not ready yet; connect again");
    }
    return response;
  },
);

async function findAgent(
  c: Context<AppEnv>,
  secret: PresentedSecret,
): Promise<{ instanceId: string; agent: Extract<SocketCaller, { role: "agent" }>["agent"] }> {
  try {
    const catalogue = await openCatalogue(c.env.DB);
    const row = await within(catalogue.select().from(agents).where(eq(agents.secretHash, secret.hash)).get());
    if (row === undefined) throw refuseAgent();
    const agent = { name: row.name, site: row.siteId, publicKey: JSON.stringify(row.publicKey) };
    return { instanceId: row.instanceId, agent };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "catalogue-unavailable") throw error;
    // The Instance knows its agents by the hashes of their tokens, so a dead catalogue locks none of them out.
    return { instanceId: findInstanceOf(secret.id), agent: null };
  }
}

function refuseAgent(): AppError {
  return new AppError("unauthenticated", "This agent token is not valid; enrol the agent again");
}
