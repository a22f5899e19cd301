import { KindView } from "@evenkeel/contracts/kind-view";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, may } from "../auth/authenticate.ts";
import { findPlugin, KINDS } from "../registry.ts";
import { json } from "../validation.ts";
import { showKind } from "./show-kind.ts";

/** The kinds of monitors, derived from their plugins. Mounted under `/kinds`. */
export const kindRoutes = new Hono<AppEnv>().use(authenticate).get(
  "/",
  describeRoute({
    summary: "List the kinds of monitors: their settings, and the account that each needs",
    tags: ["monitors"],
    responses: { 200: json("The kinds", z.object({ items: z.array(KindView) })) },
  }),
  may("read"),
  (c) => c.json({ items: KINDS.map((kind) => showKind(findPlugin(kind, "kind"))) }),
);
