import { AppError } from "@evenkeel/contracts/errors";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { authenticate, may } from "../auth/authenticate.ts";
import { findMonitor, readPlanRows } from "../plan/rows.ts";
import { renderSdkConfig } from "../plan/sdk-config.ts";
import { findPlugin } from "../registry.ts";
import { notFound, readParam, withCatalogue, withInstance } from "../scope.ts";

/** The SDK configuration of a monitor. Mounted under `/instances/:instanceId/monitors/:monitorId/sdk-config`. */
export const sdkConfigRoutes = new Hono<AppEnv>().use(authenticate, withCatalogue, withInstance).get(
  "/",
  describeRoute({
    summary: "Get the SDK configuration of a monitor as YAML, complete but for the secrets",
    tags: ["monitors"],
    responses: {
      200: { description: "YAML", content: { "application/yaml": { schema: { type: "string" } } } },
    },
  }),
  may("read"),
  async (c) => {
    const rows = await readPlanRows(c.get("catalogue"), c.get("instance").id);
    const id = readParam(c, "monitorId");
    const subject = findMonitor(rows, id);
    if (subject === null) throw notFound("monitor", id);
    const plugin = findPlugin(subject.monitor.kind, "kind");
    const text = plugin.hasRoute ? renderSdkConfig(rows, subject, plugin) : null;
    if (text === null) {
      throw new AppError("not-switchable", `Monitors of kind ${plugin.kind} have no SDK configuration`);
    }
    return c.body(text, 200, { "content-type": "application/yaml; charset=utf-8" });
  },
);
