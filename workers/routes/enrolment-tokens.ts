import {
  EnrolmentTokenCreate,
  EnrolmentTokenCreated,
  EnrolmentTokenView,
  QUOTAS,
} from "@evenkeel/contracts/api";
import { renderPrincipal } from "@evenkeel/contracts/principal";
import { and, eq } from "drizzle-orm";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, getPrincipal, may } from "../auth/authenticate.ts";
import { mintSecret } from "../auth/secrets.ts";
import { change } from "../db/audit.ts";
import { within } from "../db/open.ts";
import { enrolmentTokens, sites } from "../db/schema.ts";
import { findSite } from "../plan/find-site.ts";
import { checkQuota, notFound, readParam, withCatalogue, withInstance } from "../scope.ts";
import { accept, json } from "../validation.ts";

const tags = ["agents"];

/** One-time tokens that make agents. Mounted under `/instances/:instanceId/enrolment-tokens`. */
export const enrolmentTokenRoutes = new Hono<AppEnv>()
  .use(authenticate, withCatalogue, withInstance)
  .get(
    "/",
    describeRoute({
      summary: "List enrolment tokens",
      tags,
      responses: { 200: json("The tokens", z.object({ items: z.array(EnrolmentTokenView) })) },
    }),
    may("configure"),
    async (c) => {
      const rows = await within(
        c
          .get("catalogue")
          .select({ token: enrolmentTokens, site: sites.name })
          .from(enrolmentTokens)
          .innerJoin(sites, eq(sites.id, enrolmentTokens.siteId))
          .where(eq(enrolmentTokens.instanceId, c.get("instance").id))
          .orderBy(enrolmentTokens.createdAtMs),
      );
      return c.json({ items: rows.map(({ token, site }) => show(token, site)) });
    },
  )
  .post(
    "/",
    describeRoute({
      summary: "Create an enrolment token",
      tags,
      responses: { 201: json("The token; its secret is shown once", EnrolmentTokenCreated) },
    }),
    may("configure"),
    accept("json", EnrolmentTokenCreate),
    async (c) => {
      const catalogue = c.get("catalogue");
      const instanceId = c.get("instance").id;
      const input = c.req.valid("json");
      const isHere = eq(sites.instanceId, instanceId);
      const site = findSite(await within(catalogue.select().from(sites).where(isHere)), input.site, "site");
      const used = await within(
        catalogue.$count(enrolmentTokens, eq(enrolmentTokens.instanceId, instanceId)),
      );
      checkQuota("enrolmentTokens", QUOTAS.enrolmentTokens, used);
      const secret = await mintSecret("enrol");
      const now = Date.now();
      const row = {
        id: secret.id,
        instanceId,
        siteId: site.id,
        secretHash: secret.hash,
        createdBy: renderPrincipal(getPrincipal(c)),
        createdAtMs: now,
        expiresAtMs: now + input.ttlMs,
        usedAtMs: null,
        usedBy: null,
      };
      const shown = show(row, site.name);
      const entry = { action: "create enrolment token", resource: row.id, instanceId, after: shown };
      await change(c, [catalogue.insert(enrolmentTokens).values(row)], entry, getPrincipal(c));
      return c.json({ ...shown, token: secret.token }, 201);
    },
  )
  .delete(
    "/:id",
    describeRoute({
      summary: "Delete an enrolment token",
      tags,
      responses: { 204: { description: "Deleted" } },
    }),
    may("configure"),
    async (c) => {
      const id = readParam(c, "id");
      const instanceId = c.get("instance").id;
      const catalogue = c.get("catalogue");
      const isIt = and(eq(enrolmentTokens.id, id), eq(enrolmentTokens.instanceId, instanceId));
      if ((await within(catalogue.$count(enrolmentTokens, isIt))) === 0)
        throw notFound("enrolment token", id);
      const entry = { action: "delete enrolment token", resource: id, instanceId };
      await change(c, [catalogue.delete(enrolmentTokens).where(isIt)], entry, getPrincipal(c));
      return c.body(null, 204);
    },
  );

function show(row: typeof enrolmentTokens.$inferSelect, site: string): z.infer<typeof EnrolmentTokenView> {
  const { id, siteId, createdAtMs, expiresAtMs, usedAtMs, usedBy } = row;
  return { id, site, siteId, createdAtMs, expiresAtMs, usedAtMs, usedBy };
}
