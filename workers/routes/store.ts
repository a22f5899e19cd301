import { StoreUpdate, StoreView } from "@evenkeel/contracts/api";
import { eq } from "drizzle-orm";
import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, may } from "../auth/authenticate.ts";
import { mintId } from "../auth/secrets.ts";
import { within } from "../db/open.ts";
import { stores } from "../db/schema.ts";
import { changeInstance } from "../plan/change-plan.ts";
import { listRecipients, listSealedTo, type Recipient, warnOfUnsealed } from "../plan/seal.ts";
import { readStore } from "../plan/store-input.ts";
import { notFound, withCatalogue, withInstance } from "../scope.ts";
import { accept, json } from "../validation.ts";

const tags = ["route store"];
type StoreRow = typeof stores.$inferSelect;

/** The etcd cluster of an instance. Mounted under `/instances/:instanceId/store`. */
export const storeRoutes = new Hono<AppEnv>()
  .use(authenticate, withCatalogue, withInstance)
  .get(
    "/",
    describeRoute({
      summary: "Get the route store",
      tags,
      responses: { 200: json("The store", StoreView) },
    }),
    may("read"),
    async (c) => {
      const row = await find(c);
      if (row === undefined) throw notFound("route store", "");
      return c.json(show(row, await listRecipients(c.get("catalogue"), row.instanceId)));
    },
  )
  .put(
    "/",
    describeRoute({
      summary: "Set the route store",
      tags,
      responses: { 200: json("The store", StoreView) },
    }),
    may("configure"),
    accept("json", StoreUpdate),
    async (c) => {
      const catalogue = c.get("catalogue");
      const instanceId = c.get("instance").id;
      const recipients = await listRecipients(catalogue, instanceId);
      const before = await find(c);
      const input = await readStore(c.req.valid("json"), before, recipients);
      const row: StoreRow = { id: before?.id ?? mintId("sto"), instanceId, ...input };
      const statement = catalogue
        .insert(stores)
        .values(row)
        .onConflictDoUpdate({ target: stores.instanceId, set: input });
      await changeInstance(c, [statement], {
        action: "set route store",
        resource: row.id,
        instanceId,
        before: before === undefined ? null : show(before, []),
        after: show(row, []),
      });
      return c.json(show(row, recipients));
    },
  );

function find(c: Context<AppEnv>): Promise<StoreRow | undefined> {
  const { id } = c.get("instance");
  return within(c.get("catalogue").select().from(stores).where(eq(stores.instanceId, id)).get());
}

function show(row: StoreRow, recipients: readonly Recipient[]): z.infer<typeof StoreView> {
  const { id, topology, endpoints, user, caPem, clientCertPem, masMirror, sealed } = row;
  return {
    id,
    topology,
    endpoints,
    user,
    hasPassword: sealed != null && user !== null,
    hasClientKey: sealed != null && clientCertPem !== null,
    sealedTo: listSealedTo(sealed),
    caPem,
    clientCertPem,
    masMirror,
    warnings: warnOfUnsealed([sealed], recipients),
  };
}
