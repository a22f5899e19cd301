import type { Partition } from "@evenkeel/contracts/api";
import { AppError } from "@evenkeel/contracts/errors";
import { SdkConfigQuery } from "@evenkeel/contracts/pool-settings";
import { eq } from "drizzle-orm";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { authenticate, may } from "../auth/authenticate.ts";
import { type Catalogue, within } from "../db/open.ts";
import { namespaces } from "../db/schema.ts";
import { openInstance } from "../environment.ts";
import { choosePool } from "../plan/pools.ts";
import { findMonitor, type PlanRows, readPlanRows } from "../plan/rows.ts";
import { renderSdkConfig } from "../plan/sdk-config.ts";
import { findPlugin } from "../registry.ts";
import { notFound, readParam, withCatalogue, withInstance } from "../scope.ts";
import { accept, refuseInput } from "../validation.ts";

/** Why a monitor whose kind has an SDK has no configuration of it. */
const NOT_SERVED =
  "is set up in a way that the SDK does not serve yet, such as clusters of which writes would be copied";

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
    if (plugin.sdk === undefined)
      throw new AppError("not-switchable", `Monitors of kind ${plugin.kind} have no SDK configuration`);
    const query = c.req.valid("query");
    const site = query.site === undefined ? null : findSite(rows, query.site);
    const store = pickStore(rows, site);
    const pool = choosePool(subject, plugin, query);
    const partitions = await readPartitions(c.get("catalogue"), rows.instance.namespaceId);
    const tellers = await openInstance(c.env, rows.instance.id).tellers(site?.id ?? null);
    const fallback = { tellers, controlPlane: new URL(c.req.url).origin };
    const { prefix } = query;
    const wish = { site, store, pool, partitions, prefix, fallback };
    const text = renderSdkConfig(rows, subject, plugin, wish);
    if (text === null) throw new AppError("not-switchable", `${subject.monitor.name} ${NOT_SERVED}`);
    return c.body(text, 200, { "content-type": "application/yaml; charset=utf-8" });
  },
);

function findSite(rows: PlanRows, name: string): PlanRows["sites"][number] {
  const site = rows.sites.find((one) => one.name === name || one.id === name);
  if (site === undefined) throw notFound("site", name);
  return site;
}

async function readPartitions(catalogue: Catalogue, namespaceId: string): Promise<readonly Partition[]> {
  const [row] = await within(
    catalogue
      .select({ primary: namespaces.primary, standby: namespaces.standby })
      .from(namespaces)
      .where(eq(namespaces.id, namespaceId)),
  );
  return row === undefined ? [] : [row.primary, row.standby];
}

/** A process follows the store of the site that it runs in. */
function pickStore(
  rows: PlanRows,
  site: PlanRows["sites"][number] | null,
): PlanRows["stores"][number] | undefined {
  if (rows.stores.length === 0) return undefined;
  if (site === null) {
    if (rows.stores.length === 1) return rows.stores[0];
    throw refuseInput([
      { path: "site", expected: "is needed, because the instance has several route stores" },
    ]);
  }
  const store = rows.stores.find((one) => one.sites.length === 0 || one.sites.includes(site.id));
  if (store === undefined) {
    throw refuseInput([
      { path: "site", expected: `must be one that a route store serves; ${site.name} has none` },
    ]);
  }
  return store;
}
