import { AuditView, PageQuery } from "@evenkeel/contracts/api-queries";
import { desc, lt } from "drizzle-orm";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, may } from "../auth/authenticate.ts";
import { within } from "../db/open.ts";
import { audit } from "../db/schema.ts";
import { withCatalogue } from "../scope.ts";
import { accept, json } from "../validation.ts";

/** The audit: who did what to what, newest first. */
export const auditRoutes = new Hono<AppEnv>().use(authenticate, withCatalogue, may("administer")).get(
  "/",
  describeRoute({
    summary: "List audit records",
    tags: ["audit"],
    responses: { 200: json("The records", z.object({ items: z.array(AuditView) })) },
  }),
  accept("query", PageQuery),
  async (c) => {
    const { limit, before } = c.req.valid("query");
    const older = before === undefined ? undefined : lt(audit.id, before);
    const rows = await within(
      c.get("catalogue").select().from(audit).where(older).orderBy(desc(audit.id)).limit(limit),
    );
    return c.json({ items: rows });
  },
);
