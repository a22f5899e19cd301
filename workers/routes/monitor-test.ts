import { MonitorTest, MonitorTestResult } from "@evenkeel/contracts/api";
import { AppError } from "@evenkeel/contracts/errors";
import { eq } from "drizzle-orm";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { authenticate, may } from "../auth/authenticate.ts";
import { within } from "../db/open.ts";
import { sites } from "../db/schema.ts";
import { openInstance } from "../environment.ts";
import { findSite } from "../plan/find-site.ts";
import { listRecipients } from "../plan/list-recipients.ts";
import { seal } from "../plan/seal.ts";
import { findPlugin } from "../registry.ts";
import { withCatalogue, withInstance } from "../scope.ts";
import { accept, json, parseAt } from "../validation.ts";

/** Tests a connection before a monitor is saved. Mounted under `/instances/:instanceId/monitors/test`. */
export const monitorTestRoutes = new Hono<AppEnv>().use(authenticate, withCatalogue, withInstance).post(
  "/",
  describeRoute({
    summary: "Test a connection from an agent of its site",
    tags: ["monitors"],
    responses: { 200: json("What the agent saw", MonitorTestResult) },
  }),
  may("configure"),
  accept("json", MonitorTest),
  async (c) => {
    const input = c.req.valid("json");
    const catalogue = c.get("catalogue");
    const instanceId = c.get("instance").id;
    const plugin = findPlugin(input.kind, "kind");
    const isHere = eq(sites.instanceId, instanceId);
    const site = findSite(await within(catalogue.select().from(sites).where(isHere)), input.site, "site");
    const common = parseAt(plugin.common, input.common, "common");
    const config = parseAt(plugin.target, input.config, "config");
    const secret = parseAt(plugin.secret, input.secret, "secret");
    const outcome = await openInstance(c.env, instanceId).probeOnce({
      site: site.id,
      frame: {
        kind: plugin.kind,
        accessTimeoutMs: input.accessTimeoutMs,
        target: {
          name: "dc1",
          site: site.id,
          priority: 0,
          targetVersion: 1,
          config: { ...common, ...config },
          sealed: await seal(secret, await listRecipients(catalogue, instanceId)),
        },
      },
    });
    if (!outcome.ok) {
      const why =
        outcome.reason === "no-agent" ? "No agent is connected there" : "The agent did not answer in time";
      throw new AppError("no-agent", `${why}: site ${site.name}`, { site: site.name });
    }
    const { agentId, observation } = outcome;
    const { judgement, latencyMs, facts = null, heartbeat = null, certificates = [] } = observation;
    return c.json({ agentId, judgement, latencyMs, facts, heartbeat, certificates });
  },
);
