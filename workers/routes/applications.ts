import { ApplicationCreate, ApplicationUpdate, ApplicationView, QUOTAS } from "@evenkeel/contracts/api";
import { and, eq } from "drizzle-orm";
import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, getPrincipal, may } from "../auth/authenticate.ts";
import { mintId } from "../auth/secrets.ts";
import { change } from "../db/audit.ts";
import { within } from "../db/open.ts";
import { applications, monitors } from "../db/schema.ts";
import { checkQuota, checkUnused, notFound, readParam, withCatalogue, withInstance } from "../scope.ts";
import { accept, json, mergeChanges } from "../validation.ts";

const tags = ["applications"];
type ApplicationRow = typeof applications.$inferSelect;

/** Applications of an instance. Mounted under `/instances/:instanceId/applications`. */
export const applicationRoutes = new Hono<AppEnv>()
  .use(authenticate, withCatalogue, withInstance)
  .get(
    "/",
    describeRoute({
      summary: "List applications",
      tags,
      responses: { 200: json("The applications", z.object({ items: z.array(ApplicationView) })) },
    }),
    may("read"),
    async (c) => {
      const rows = await within(
        c
          .get("catalogue")
          .select()
          .from(applications)
          .where(eq(applications.instanceId, c.get("instance").id))
          .orderBy(applications.name),
      );
      return c.json({ items: rows.map(show) });
    },
  )
  .post(
    "/",
    describeRoute({
      summary: "Create an application",
      tags,
      responses: { 201: json("The application", ApplicationView) },
    }),
    may("configure"),
    accept("json", ApplicationCreate),
    async (c) => {
      const catalogue = c.get("catalogue");
      const instanceId = c.get("instance").id;
      const used = await within(catalogue.$count(applications, eq(applications.instanceId, instanceId)));
      checkQuota("applications", QUOTAS.applications, used);
      const now = Date.now();
      const row = {
        id: mintId("app"),
        instanceId,
        ...c.req.valid("json"),
        createdAtMs: now,
        updatedAtMs: now,
      };
      const entry = { action: "create application", resource: row.id, instanceId, after: show(row) };
      await change(c, [catalogue.insert(applications).values(row)], entry, getPrincipal(c));
      return c.json(show(row), 201);
    },
  )
  .get(
    "/:id",
    describeRoute({
      summary: "Get an application",
      tags,
      responses: { 200: json("The application", ApplicationView) },
    }),
    may("read"),
    async (c) => c.json(show(await find(c))),
  )
  .patch(
    "/:id",
    describeRoute({
      summary: "Edit an application",
      tags,
      responses: { 200: json("The application", ApplicationView) },
    }),
    may("configure"),
    accept("json", ApplicationUpdate),
    async (c) => {
      const before = await find(c);
      const after = { ...mergeChanges(before, c.req.valid("json")), updatedAtMs: Date.now() };
      const { name, description, updatedAtMs } = after;
      const statement = c
        .get("catalogue")
        .update(applications)
        .set({ name, description, updatedAtMs })
        .where(eq(applications.id, before.id));
      const entry = {
        action: "edit application",
        resource: before.id,
        instanceId: before.instanceId,
        before: show(before),
        after: show(after),
      };
      await change(c, [statement], entry, getPrincipal(c));
      return c.json(show(after));
    },
  )
  .delete(
    "/:id",
    describeRoute({
      summary: "Delete an application",
      tags,
      responses: { 204: { description: "Deleted" } },
    }),
    may("configure"),
    async (c) => {
      const catalogue = c.get("catalogue");
      const before = await find(c);
      const used = await within(
        catalogue.select({ name: monitors.name }).from(monitors).where(eq(monitors.applicationId, before.id)),
      );
      checkUnused(`Application ${before.name}`, { monitors: used.map(({ name }) => name) });
      const statement = catalogue.delete(applications).where(eq(applications.id, before.id));
      const entry = {
        action: "delete application",
        resource: before.id,
        instanceId: before.instanceId,
        before: show(before),
      };
      await change(c, [statement], entry, getPrincipal(c));
      return c.body(null, 204);
    },
  );

async function find(c: Context<AppEnv>): Promise<ApplicationRow> {
  const id = readParam(c, "id");
  const isHere = and(eq(applications.id, id), eq(applications.instanceId, c.get("instance").id));
  const row = await within(c.get("catalogue").select().from(applications).where(isHere).get());
  if (row === undefined) throw notFound("application", id);
  return row;
}

function show({
  id,
  name,
  description,
  createdAtMs,
  updatedAtMs,
}: ApplicationRow): z.infer<typeof ApplicationView> {
  return { id, name, description, createdAtMs, updatedAtMs };
}
