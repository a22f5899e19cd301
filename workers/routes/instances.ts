import { InstanceCreate, InstanceUpdate, InstanceView, QUOTAS } from "@evenkeel/contracts/api";
import { ArbitrationSettings } from "@evenkeel/contracts/plan";
import { eq, getTableColumns } from "drizzle-orm";
import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, getPrincipal, may } from "../auth/authenticate.ts";
import { mintId } from "../auth/secrets.ts";
import { change } from "../db/audit.ts";
import { type Catalogue, within } from "../db/open.ts";
import {
  agents,
  applications,
  enrolmentTokens,
  instances,
  monitors,
  namespaces,
  plans,
  sites,
  stores,
} from "../db/schema.ts";
import { openInstance } from "../environment.ts";
import { changeInstance } from "../plan/change-plan.ts";
import { publishPlan } from "../plan/publish.ts";
import { checkQuota, checkUnused, notFound, readParam, withCatalogue } from "../scope.ts";
import { accept, json, mergeChanges } from "../validation.ts";

const tags = ["instances"];
type InstanceRow = typeof instances.$inferSelect;

/** Instances: isolated spaces of sites, agents, applications and monitors. */
export const instanceRoutes = new Hono<AppEnv>()
  // By path and not for all: commands and the live picture below this path must work without the catalogue.
  .use("/", authenticate, withCatalogue)
  .use("/:id", authenticate, withCatalogue)
  .get(
    "/",
    describeRoute({
      summary: "List instances",
      tags,
      responses: { 200: json("The instances", z.object({ items: z.array(InstanceView) })) },
    }),
    may("read"),
    async (c) => {
      const rows = await within(select(c.get("catalogue")).orderBy(instances.name));
      return c.json({ items: rows.map(show) });
    },
  )
  .post(
    "/",
    describeRoute({
      summary: "Create an instance",
      tags,
      responses: { 201: json("The instance", InstanceView) },
    }),
    may("configure"),
    accept("json", InstanceCreate),
    async (c) => {
      const catalogue = c.get("catalogue");
      const { namespaceId, name, description } = c.req.valid("json");
      await checkNamespace(catalogue, namespaceId);
      checkQuota("instances", QUOTAS.instances, await within(catalogue.$count(instances)));
      const now = Date.now();
      const row = {
        id: mintId("ins"),
        namespaceId,
        name,
        description,
        settings: ArbitrationSettings.parse({}),
        timing: {},
        revision: 1,
        createdAtMs: now,
        updatedAtMs: now,
      };
      const entry = { action: "create instance", resource: row.id, instanceId: row.id, after: row };
      await change(c, [catalogue.insert(instances).values(row)], entry, getPrincipal(c));
      const { version: planVersion } = await publishPlan(c.env, catalogue, row.id, null);
      return c.json(show({ ...row, planVersion }), 201);
    },
  )
  .get(
    "/:id",
    describeRoute({
      summary: "Get an instance",
      tags,
      responses: { 200: json("The instance", InstanceView) },
    }),
    may("read"),
    async (c) => c.json(show(await find(c))),
  )
  .patch(
    "/:id",
    describeRoute({
      summary: "Edit an instance, or move it to another namespace",
      tags,
      responses: { 200: json("The instance", InstanceView) },
    }),
    may("configure"),
    accept("json", InstanceUpdate),
    async (c) => {
      const catalogue = c.get("catalogue");
      const before = await find(c);
      const edit = c.req.valid("json");
      if (edit.namespaceId !== undefined) await checkNamespace(catalogue, edit.namespaceId);
      const after = { ...mergeChanges(before, edit), updatedAtMs: Date.now() };
      const { namespaceId, name, description } = after;
      const statement = catalogue
        .update(instances)
        .set({ namespaceId, name, description })
        .where(eq(instances.id, before.id));
      const { version: planVersion } = await changeInstance(c, [statement], {
        action: "edit instance",
        resource: before.id,
        instanceId: before.id,
        before: show(before),
        after: show(after),
      });
      return c.json(show({ ...after, planVersion }));
    },
  )
  .delete(
    "/:id",
    describeRoute({ summary: "Delete an instance", tags, responses: { 204: { description: "Deleted" } } }),
    may("configure"),
    async (c) => {
      const catalogue = c.get("catalogue");
      const before = await find(c);
      checkUnused(`Instance ${before.name}`, await listDependents(catalogue, before.id));
      const statements = [
        catalogue.delete(enrolmentTokens).where(eq(enrolmentTokens.instanceId, before.id)),
        catalogue.delete(stores).where(eq(stores.instanceId, before.id)),
        catalogue.delete(plans).where(eq(plans.instanceId, before.id)),
        catalogue.delete(sites).where(eq(sites.instanceId, before.id)),
        catalogue.delete(instances).where(eq(instances.id, before.id)),
      ];
      const entry = { action: "delete instance", resource: before.id, before: show(before) };
      await change(c, statements, entry, getPrincipal(c));
      await openInstance(c.env, before.id).destroy();
      return c.body(null, 204);
    },
  );

function select(catalogue: Catalogue) {
  return catalogue
    .select({ ...getTableColumns(instances), planVersion: plans.version })
    .from(instances)
    .leftJoin(plans, eq(plans.instanceId, instances.id));
}

async function find(c: Context<AppEnv>): Promise<InstanceRow & { planVersion: number | null }> {
  const id = readParam(c, "id");
  const row = await within(select(c.get("catalogue")).where(eq(instances.id, id)).get());
  if (row === undefined) throw notFound("instance", id);
  return row;
}

async function checkNamespace(catalogue: Catalogue, id: string): Promise<void> {
  const known = await within(catalogue.$count(namespaces, eq(namespaces.id, id)));
  if (known === 0) throw notFound("namespace", id);
}

async function listDependents(catalogue: Catalogue, id: string) {
  const [monitorRows, applicationRows, agentRows] = await within(
    catalogue.batch([
      catalogue.select({ name: monitors.name }).from(monitors).where(eq(monitors.instanceId, id)),
      catalogue.select({ name: applications.name }).from(applications).where(eq(applications.instanceId, id)),
      catalogue.select({ name: agents.name }).from(agents).where(eq(agents.instanceId, id)),
    ]),
  );
  const names = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name);
  return { monitors: names(monitorRows), applications: names(applicationRows), agents: names(agentRows) };
}

function show(row: InstanceRow & { planVersion: number | null }): z.infer<typeof InstanceView> {
  const { id, namespaceId, name, description, createdAtMs, updatedAtMs } = row;
  return { id, namespaceId, name, description, planVersion: row.planVersion ?? 0, createdAtMs, updatedAtMs };
}
