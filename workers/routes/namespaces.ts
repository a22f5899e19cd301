import { NamespaceCreate, NamespaceUpdate, NamespaceView, QUOTAS } from "@evenkeel/contracts/api";
import { eq } from "drizzle-orm";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, getPrincipal, may } from "../auth/authenticate.ts";
import { mintId } from "../auth/secrets.ts";
import { change } from "../db/audit.ts";
import { type Catalogue, within } from "../db/open.ts";
import { instances, namespaces } from "../db/schema.ts";
import { checkQuota, checkUnused, notFound, readParam, withCatalogue } from "../scope.ts";
import { accept, json, mergeChanges } from "../validation.ts";

const tags = ["namespaces"];

/** Namespaces: all resources of one business system. */
export const namespaceRoutes = new Hono<AppEnv>()
  .use(authenticate, withCatalogue)
  .get(
    "/",
    describeRoute({
      summary: "List namespaces",
      tags,
      responses: { 200: json("The namespaces", z.object({ items: z.array(NamespaceView) })) },
    }),
    may("read"),
    async (c) =>
      c.json({ items: await within(c.get("catalogue").select().from(namespaces).orderBy(namespaces.name)) }),
  )
  .post(
    "/",
    describeRoute({
      summary: "Create a namespace",
      tags,
      responses: { 201: json("The namespace", NamespaceView) },
    }),
    may("configure"),
    accept("json", NamespaceCreate),
    async (c) => {
      const catalogue = c.get("catalogue");
      checkQuota("namespaces", QUOTAS.namespaces, await within(catalogue.$count(namespaces)));
      const now = Date.now();
      const row = { id: mintId("ns"), ...c.req.valid("json"), createdAtMs: now, updatedAtMs: now };
      const entry = { action: "create namespace", resource: row.id, after: row };
      await change(c, [catalogue.insert(namespaces).values(row)], entry, getPrincipal(c));
      return c.json(row, 201);
    },
  )
  .get(
    "/:id",
    describeRoute({
      summary: "Get a namespace",
      tags,
      responses: { 200: json("The namespace", NamespaceView) },
    }),
    may("read"),
    async (c) => c.json(await find(c.get("catalogue"), readParam(c, "id"))),
  )
  .patch(
    "/:id",
    describeRoute({
      summary: "Edit a namespace",
      tags,
      responses: { 200: json("The namespace", NamespaceView) },
    }),
    may("configure"),
    accept("json", NamespaceUpdate),
    async (c) => {
      const catalogue = c.get("catalogue");
      const before = await find(catalogue, readParam(c, "id"));
      const after = { ...mergeChanges(before, c.req.valid("json")), updatedAtMs: Date.now() };
      const statement = catalogue.update(namespaces).set(after).where(eq(namespaces.id, before.id));
      const entry = { action: "edit namespace", resource: before.id, before, after };
      await change(c, [statement], entry, getPrincipal(c));
      return c.json(after);
    },
  )
  .delete(
    "/:id",
    describeRoute({
      summary: "Delete a namespace",
      tags,
      responses: { 204: { description: "Deleted" } },
    }),
    may("configure"),
    async (c) => {
      const catalogue = c.get("catalogue");
      const before = await find(catalogue, readParam(c, "id"));
      const used = await within(
        catalogue
          .select({ name: instances.name })
          .from(instances)
          .where(eq(instances.namespaceId, before.id)),
      );
      checkUnused(`Namespace ${before.name}`, { instances: used.map(({ name }) => name) });
      const statement = catalogue.delete(namespaces).where(eq(namespaces.id, before.id));
      await change(
        c,
        [statement],
        { action: "delete namespace", resource: before.id, before },
        getPrincipal(c),
      );
      return c.body(null, 204);
    },
  );

async function find(catalogue: Catalogue, id: string): Promise<typeof namespaces.$inferSelect> {
  const row = await within(catalogue.select().from(namespaces).where(eq(namespaces.id, id)).get());
  if (row === undefined) throw notFound("namespace", id);
  return row;
}
