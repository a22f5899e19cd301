import { QUOTAS, TokenCreate, TokenCreated, TokenView } from "@evenkeel/contracts/api";
import { renderPrincipal } from "@evenkeel/contracts/principal";
import { eq } from "drizzle-orm";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, getPrincipal, may } from "../auth/authenticate.ts";
import { forgetEverywhere } from "../auth/forget.ts";
import { mintSecret } from "../auth/secrets.ts";
import { change } from "../db/audit.ts";
import { within } from "../db/open.ts";
import { apiTokens } from "../db/schema.ts";
import { checkQuota, notFound, readParam, withCatalogue } from "../scope.ts";
import { accept, json } from "../validation.ts";

/** API tokens: made by owners, shown once, kept as hashes. */
export const tokenRoutes = new Hono<AppEnv>()
  .use(authenticate, withCatalogue, may("administer"))
  .get(
    "/",
    describeRoute({
      summary: "List API tokens",
      tags: ["tokens"],
      responses: { 200: json("The tokens", z.object({ items: z.array(TokenView) })) },
    }),
    async (c) => {
      const rows = await within(c.get("catalogue").select().from(apiTokens).orderBy(apiTokens.createdAtMs));
      return c.json({ items: rows.map(show) });
    },
  )
  .post(
    "/",
    describeRoute({
      summary: "Create an API token",
      tags: ["tokens"],
      responses: { 201: json("The token; its secret is shown once", TokenCreated) },
    }),
    accept("json", TokenCreate),
    async (c) => {
      const { name, role, ttlMs } = c.req.valid("json");
      const catalogue = c.get("catalogue");
      checkQuota("tokens", QUOTAS.tokens, await within(catalogue.$count(apiTokens)));
      const secret = await mintSecret("token");
      const row = {
        id: secret.id,
        name,
        role,
        secretHash: secret.hash,
        createdBy: renderPrincipal(getPrincipal(c)),
        createdAtMs: Date.now(),
        expiresAtMs: ttlMs === undefined ? null : Date.now() + ttlMs,
      };
      await change(
        c,
        [catalogue.insert(apiTokens).values(row)],
        { action: "create token", resource: row.id, after: show(row) },
        getPrincipal(c),
      );
      return c.json({ ...show(row), token: secret.token }, 201);
    },
  )
  .delete(
    "/:id",
    describeRoute({
      summary: "Delete an API token",
      tags: ["tokens"],
      responses: { 204: { description: "Deleted; refused from now on" } },
    }),
    async (c) => {
      const id = readParam(c, "id");
      const catalogue = c.get("catalogue");
      const row = await within(catalogue.select().from(apiTokens).where(eq(apiTokens.id, id)).get());
      if (row === undefined) throw notFound("token", id);
      await change(
        c,
        [catalogue.delete(apiTokens).where(eq(apiTokens.id, id))],
        { action: "delete token", resource: id, before: show(row) },
        getPrincipal(c),
      );
      await forgetEverywhere(c.env, catalogue, row.secretHash);
      return c.body(null, 204);
    },
  );

function show({ id, name, role, createdAtMs, expiresAtMs }: typeof apiTokens.$inferSelect) {
  return { id, name, role, createdAtMs, expiresAtMs };
}
