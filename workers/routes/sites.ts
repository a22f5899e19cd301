import { QUOTAS, SiteCreate, SiteUpdate, SiteView } from "@evenkeel/contracts/api";
import { and, eq } from "drizzle-orm";
import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, may } from "../auth/authenticate.ts";
import { mintId } from "../auth/secrets.ts";
import { within } from "../db/open.ts";
import { agents, dataCentres, enrolmentTokens, monitors, sites, stores } from "../db/schema.ts";
import { changeInstance } from "../plan/change-plan.ts";
import { checkQuota, checkUnused, notFound, readParam, withCatalogue, withInstance } from "../scope.ts";
import { accept, json, mergeChanges } from "../validation.ts";

const tags = ["sites"];
type SiteRow = typeof sites.$inferSelect;

/** Sites of an instance: places that can fail as a whole. Mounted under `/instances/:instanceId/sites`. */
export const siteRoutes = new Hono<AppEnv>()
  .use(authenticate, withCatalogue, withInstance)
  .get(
    "/",
    describeRoute({
      summary: "List sites",
      tags,
      responses: { 200: json("The sites", z.object({ items: z.array(SiteView) })) },
    }),
    may("read"),
    async (c) => c.json({ items: (await list(c)).map(show) }),
  )
  .post(
    "/",
    describeRoute({ summary: "Create a site", tags, responses: { 201: json("The site", SiteView) } }),
    may("configure"),
    accept("json", SiteCreate),
    async (c) => {
      const instanceId = c.get("instance").id;
      checkQuota("sites", QUOTAS.sites, (await list(c)).length);
      const row = { id: mintId("site"), instanceId, ...c.req.valid("json") };
      await changeInstance(c, [c.get("catalogue").insert(sites).values(row)], {
        action: "create site",
        resource: row.id,
        instanceId,
        after: show(row),
      });
      return c.json(show(row), 201);
    },
  )
  .get(
    "/:id",
    describeRoute({ summary: "Get a site", tags, responses: { 200: json("The site", SiteView) } }),
    may("read"),
    async (c) => c.json(show(await find(c))),
  )
  .patch(
    "/:id",
    describeRoute({ summary: "Edit a site", tags, responses: { 200: json("The site", SiteView) } }),
    may("configure"),
    accept("json", SiteUpdate),
    async (c) => {
      const before = await find(c);
      const after = mergeChanges(before, c.req.valid("json"));
      const statement = c
        .get("catalogue")
        .update(sites)
        .set({ name: after.name, cloud: after.cloud, region: after.region, zones: after.zones })
        .where(eq(sites.id, before.id));
      await changeInstance(c, [statement], {
        action: "edit site",
        resource: before.id,
        instanceId: before.instanceId,
        before: show(before),
        after: show(after),
      });
      return c.json(show(after));
    },
  )
  .delete(
    "/:id",
    describeRoute({ summary: "Delete a site", tags, responses: { 204: { description: "Deleted" } } }),
    may("configure"),
    async (c) => {
      const before = await find(c);
      const catalogue = c.get("catalogue");
      checkUnused(`Site ${before.name}`, await listDependents(c, before.id));
      const statements = [
        catalogue.delete(enrolmentTokens).where(eq(enrolmentTokens.siteId, before.id)),
        catalogue.delete(sites).where(eq(sites.id, before.id)),
      ];
      const entry = {
        action: "delete site",
        resource: before.id,
        instanceId: before.instanceId,
        before: show(before),
      };
      await changeInstance(c, statements, entry, true);
      return c.body(null, 204);
    },
  );

function list(c: Context<AppEnv>): Promise<SiteRow[]> {
  const { id } = c.get("instance");
  return within(c.get("catalogue").select().from(sites).where(eq(sites.instanceId, id)).orderBy(sites.name));
}

async function find(c: Context<AppEnv>): Promise<SiteRow> {
  const id = readParam(c, "id");
  const row = (await list(c)).find((site) => site.id === id);
  if (row === undefined) throw notFound("site", id);
  return row;
}

async function listDependents(c: Context<AppEnv>, siteId: string) {
  const catalogue = c.get("catalogue");
  const [agentRows, storeRows, monitorRows] = await within(
    catalogue.batch([
      catalogue.select({ name: agents.name }).from(agents).where(eq(agents.siteId, siteId)),
      catalogue
        .select({ name: stores.name, sites: stores.sites })
        .from(stores)
        .where(eq(stores.instanceId, c.get("instance").id)),
      catalogue
        .selectDistinct({ name: monitors.name })
        .from(monitors)
        .innerJoin(dataCentres, and(eq(dataCentres.monitorId, monitors.id), eq(dataCentres.siteId, siteId))),
    ]),
  );
  return {
    agents: agentRows.map(({ name }) => name),
    monitors: monitorRows.map(({ name }) => name),
    "route stores": storeRows.filter((row) => row.sites.includes(siteId)).map(({ name }) => name),
  };
}

function show({ id, name, kind, cloud, region, zones }: SiteRow): z.infer<typeof SiteView> {
  return { id, name, kind, cloud, region, zones };
}
