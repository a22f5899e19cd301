import { AgentView } from "@evenkeel/contracts/api";
import { and, eq } from "drizzle-orm";
import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { calculateJwkThumbprint } from "jose";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, getPrincipal, may } from "../auth/authenticate.ts";
import { change } from "../db/audit.ts";
import { within } from "../db/open.ts";
import { agents, sites } from "../db/schema.ts";
import { openInstance } from "../environment.ts";
import { notFound, readParam, withCatalogue, withInstance } from "../scope.ts";
import { json } from "../validation.ts";

const tags = ["agents"];

/** Enrolled agents of an instance. Mounted under `/instances/:instanceId/agents`. */
export const agentRoutes = new Hono<AppEnv>()
  .use(authenticate, withCatalogue, withInstance)
  .get(
    "/",
    describeRoute({
      summary: "List agents",
      tags,
      responses: { 200: json("The agents", z.object({ items: z.array(AgentView) })) },
    }),
    may("read"),
    async (c) => c.json({ items: await list(c) }),
  )
  .delete(
    "/:id",
    describeRoute({
      summary: "Remove an agent",
      tags,
      responses: { 204: { description: "Removed; its connection is closed and refused from now on" } },
    }),
    may("configure"),
    async (c) => {
      const id = readParam(c, "id");
      const instanceId = c.get("instance").id;
      const before = (await list(c)).find((agent) => agent.id === id);
      if (before === undefined) throw notFound("agent", id);
      const catalogue = c.get("catalogue");
      const isIt = and(eq(agents.id, id), eq(agents.instanceId, instanceId));
      const entry = { action: "remove agent", resource: id, instanceId, before };
      await change(c, [catalogue.delete(agents).where(isIt)], entry, getPrincipal(c));
      await openInstance(c.env, instanceId).removeAgent(id);
      return c.body(null, 204);
    },
  );

async function list(c: Context<AppEnv>): Promise<z.infer<typeof AgentView>[]> {
  const rows = await within(
    c
      .get("catalogue")
      .select({
        id: agents.id,
        name: agents.name,
        site: sites.name,
        siteId: agents.siteId,
        host: agents.host,
        publicKey: agents.publicKey,
        createdAtMs: agents.createdAtMs,
      })
      .from(agents)
      .innerJoin(sites, eq(sites.id, agents.siteId))
      .where(eq(agents.instanceId, c.get("instance").id))
      .orderBy(agents.name),
  );
  return Promise.all(
    rows.map(async ({ publicKey, ...row }) => ({
      ...row,
      fingerprint: await calculateJwkThumbprint({ ...publicKey }, "sha256"),
    })),
  );
}
