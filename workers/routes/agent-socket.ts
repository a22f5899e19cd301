import { AppError } from "@evenkeel/contracts/errors";
import { CALLER_HEADER, type SocketCaller } from "@evenkeel/durable-objects/instance/door";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { authenticateAgent, refuseAgent } from "../auth/authenticate-agent.ts";
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
    const found = await authenticateAgent(c);
    const { secret } = found;
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
