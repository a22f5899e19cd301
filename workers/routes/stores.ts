import { QUOTAS } from "@evenkeel/contracts/api";
import { StoreName, StoreUpdate, StoreView } from "@evenkeel/contracts/api-stores";
import { and, eq } from "drizzle-orm";
import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, may } from "../auth/authenticate.ts";
import { mintId } from "../auth/secrets.ts";
import { within } from "../db/open.ts";
import { monitors, sites, stores } from "../db/schema.ts";
import { changeInstance } from "../plan/change-plan.ts";
import { listRecipients } from "../plan/list-recipients.ts";
import { readStore } from "../plan/store-input.ts";
import { checkQuota, checkUnused, notFound, readParam, withCatalogue, withInstance } from "../scope.ts";
import { accept, json, parseAt } from "../validation.ts";
import { type StoreScope, showStore } from "./show-store.ts";

const tags = ["route stores"];
type StoreRow = typeof stores.$inferSelect;

/**
 * The etcd clusters of an instance: one for all sites, or one for each. Mounted under `/instances/:instanceId/stores`.
 */
export const storeRoutes = new Hono<AppEnv>()
  .use(authenticate, withCatalogue, withInstance)
  .get(
    "/",
    describeRoute({
      summary: "List the route stores",
      tags,
      responses: { 200: json("The stores", z.object({ items: z.array(StoreView) })) },
    }),
    may("read"),
    async (c) => {
      const scope = await readScope(c);
      return c.json({ items: scope.rows.map((row) => showStore(row, scope)) });
    },
  )
  .get(
    "/:name",
    describeRoute({
      summary: "Get a route store",
      tags,
      responses: { 200: json("The store", StoreView) },
    }),
    may("read"),
    async (c) => {
      const scope = await readScope(c);
      return c.json(showStore(find(c, scope), scope));
    },
  )
  .put(
    "/:name",
    describeRoute({
      summary: "Create or replace a route store",
      tags,
      responses: { 200: json("The store", StoreView) },
    }),
    may("configure"),
    accept("json", StoreUpdate),
    async (c) => {
      const name = parseAt(StoreName, readParam(c, "name"), "name");
      const catalogue = c.get("catalogue");
      const instanceId = c.get("instance").id;
      const scope = await readScope(c);
      const before = scope.rows.find((row) => row.name === name);
      if (before === undefined) checkQuota("stores", QUOTAS.stores, scope.rows.length);
      const others = scope.rows.filter((row) => row !== before);
      const input = await readStore(c.req.valid("json"), { before, others, ...scope });
      const row: StoreRow = { id: before?.id ?? mintId("sto"), instanceId, name, ...input };
      const statement = catalogue
        .insert(stores)
        .values(row)
        .onConflictDoUpdate({ target: [stores.instanceId, stores.name], set: input });
      const after = showStore(row, { ...scope, rows: [...others, row] });
      await changeInstance(c, [statement], {
        action: "set route store",
        resource: row.id,
        instanceId,
        before: before === undefined ? null : showStore(before, scope),
        after,
      });
      return c.json(after);
    },
  )
  .delete(
    "/:name",
    describeRoute({
      summary: "Delete a route store: agents write to it no more, what stands in it stays",
      tags,
      responses: { 204: { description: "Deleted" } },
    }),
    may("configure"),
    async (c) => {
      const catalogue = c.get("catalogue");
      const scope = await readScope(c);
      const row = find(c, scope);
      // Without any store no route can move; its monitors go first.
      if (scope.rows.length === 1)
        checkUnused(`Route store ${row.name}`, { monitors: await listMonitors(c) });
      const statement = catalogue.delete(stores).where(eq(stores.id, row.id));
      const { instanceId } = row;
      const entry = {
        action: "delete route store",
        resource: row.id,
        instanceId,
        before: showStore(row, scope),
      };
      await changeInstance(c, [statement], entry, true);
      return c.body(null, 204);
    },
  );

async function readScope(c: Context<AppEnv>): Promise<StoreScope> {
  const catalogue = c.get("catalogue");
  const { id } = c.get("instance");
  const [[rows, siteRows], recipients] = await Promise.all([
    within(
      catalogue.batch([
        catalogue.select().from(stores).where(eq(stores.instanceId, id)).orderBy(stores.name),
        catalogue.select().from(sites).where(eq(sites.instanceId, id)).orderBy(sites.name),
      ]),
    ),
    listRecipients(catalogue, id),
  ]);
  return { rows, sites: siteRows, recipients };
}

function find(c: Context<AppEnv>, scope: StoreScope): StoreRow {
  const name = readParam(c, "name");
  const row = scope.rows.find((one) => one.name === name);
  if (row === undefined) throw notFound("route store", name);
  return row;
}

async function listMonitors(c: Context<AppEnv>): Promise<string[]> {
  const rows = await within(
    c
      .get("catalogue")
      .select({ name: monitors.name })
      .from(monitors)
      .where(and(eq(monitors.instanceId, c.get("instance").id))),
  );
  return rows.map(({ name }) => name);
}
