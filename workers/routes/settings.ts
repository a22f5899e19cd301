import { SettingsUpdate, SettingsView } from "@evenkeel/contracts/api";
import { ArbitrationSettings } from "@evenkeel/contracts/plan";
import { eq } from "drizzle-orm";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, may } from "../auth/authenticate.ts";
import { instances } from "../db/schema.ts";
import { computeKindTiming } from "../plan/build-plan.ts";
import { changeInstance } from "../plan/change-plan.ts";
import { findPlugin, KINDS } from "../registry.ts";
import { withCatalogue, withInstance } from "../scope.ts";
import { accept, json } from "../validation.ts";

const tags = ["settings"];

/** Settings of an instance: the arbitration's and the timing of each kind. Mounted under `/instances/:instanceId/settings`. */
export const settingsRoutes = new Hono<AppEnv>()
  .use(authenticate, withCatalogue, withInstance)
  .get(
    "/",
    describeRoute({
      summary: "Get an instance's settings",
      tags,
      responses: { 200: json("The settings", SettingsView) },
    }),
    may("read"),
    (c) => c.json(show(c.get("instance"))),
  )
  .patch(
    "/",
    describeRoute({
      summary: "Edit an instance's settings",
      tags,
      responses: { 200: json("The settings", SettingsView) },
    }),
    may("configure"),
    accept("json", SettingsUpdate),
    async (c) => {
      const before = c.get("instance");
      const edit = c.req.valid("json");
      const settings = ArbitrationSettings.parse({ ...before.settings, ...edit.arbitration });
      const timing = { ...before.timing };
      for (const [kind, overrides] of Object.entries(edit.timing ?? {})) {
        const plugin = findPlugin(kind, "timing");
        timing[kind] = { ...timing[kind], ...overrides };
        computeKindTiming(plugin, timing);
      }
      const after = { ...before, settings, timing };
      const statement = c
        .get("catalogue")
        .update(instances)
        .set({ settings, timing })
        .where(eq(instances.id, before.id));
      await changeInstance(c, [statement], {
        action: "edit settings",
        resource: before.id,
        instanceId: before.id,
        before: { arbitration: before.settings, timing: before.timing },
        after: { arbitration: settings, timing },
      });
      return c.json(show(after));
    },
  );

function show({
  settings,
  timing,
}: Pick<typeof instances.$inferSelect, "settings" | "timing">): z.infer<typeof SettingsView> {
  const effective = KINDS.map((kind) => [kind, computeKindTiming(findPlugin(kind, "kind"), timing)]);
  return { arbitration: settings, timing: Object.fromEntries(effective), overrides: timing };
}
