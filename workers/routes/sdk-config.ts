import { SdkConfigQuery } from "@evenkeel/contracts/api-queries";
import { AppError } from "@evenkeel/contracts/errors";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { authenticate, may } from "../auth/authenticate.ts";
import { findMonitor, type PlanRows, readPlanRows } from "../plan/rows.ts";
import { renderSdkConfig } from "../plan/sdk-config.ts";
import { findPlugin } from "../registry.ts";
import { notFound, readParam, withCatalogue, withInstance } from "../scope.ts";
import { accept, refuseInput } from "../validation.ts";

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
  accept("query", SdkConfigQuery),
  async (c) => {
    const rows = await readPlanRows(c.get("catalogue"), c.get("instance").id);
    const id = readParam(c, "monitorId");
    const subject = findMonitor(rows, id);
    if (subject === null) throw notFound("monitor", id);
    const plugin = findPlugin(subject.monitor.kind, "kind");
    const store = pickStore(rows, c.req.valid("query").site);
    const text = plugin.hasRoute ? renderSdkConfig(rows, subject, plugin, store) : null;
    if (text === null) {
      throw new AppError("not-switchable", `Monitors of kind ${plugin.kind} have no SDK configuration`);
    }
    return c.body(text, 200, { "content-type": "application/yaml; charset=utf-8" });
  },
);

/** A process follows the store of the site that it runs in. */
function pickStore(rows: PlanRows, name: string | undefined): PlanRows["stores"][number] | undefined {
  if (name === undefined) {
    if (rows.stores.length <= 1) return rows.stores[0];
    throw refuseInput([
      { path: "site", expected: "is needed, because the instance has several route stores" },
    ]);
  }
  const site = rows.sites.find((one) => one.name === name || one.id === name);
  if (site === undefined) throw notFound("site", name);
  const store = rows.stores.find((one) => one.sites.length === 0 || one.sites.includes(site.id));
  if (store === undefined) {
    throw refuseInput([
      { path: "site", expected: `must be one that a route store serves; ${site.name} has none` },
    ]);
  }
  return store;
}
