import { MonitorCreate, MonitorUpdate, MonitorView, QUOTAS } from "@evenkeel/contracts/api";
import { and, eq } from "drizzle-orm";
import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import type { AppEnv } from "../app-env.ts";
import { authenticate, may } from "../auth/authenticate.ts";
import { mintId } from "../auth/secrets.ts";
import { within } from "../db/open.ts";
import { applications, dataCentres, monitors } from "../db/schema.ts";
import { changeInstance, checkPlanWith } from "../plan/change-plan.ts";
import { listRecipients } from "../plan/list-recipients.ts";
import { readMonitorEdit, readNewMonitor } from "../plan/monitor-input.ts";
import type { Published } from "../plan/publish.ts";
import { findMonitor, type MonitorRows, type PlanRows, readPlanRows } from "../plan/rows.ts";
import type { Recipient } from "../plan/seal.ts";
import { findPlugin } from "../registry.ts";
import { checkQuota, notFound, readParam, withCatalogue, withInstance } from "../scope.ts";
import { accept, json } from "../validation.ts";
import { showMonitor } from "./show-monitor.ts";

const tags = ["monitors"];
/** Random characters of a default name. */
const NAME_LENGTH = 6;

/** Monitors of an instance. Mounted under `/instances/:instanceId/monitors`. */
export const monitorRoutes = new Hono<AppEnv>()
  // By path and not for all: commands below this path must work without the catalogue.
  .use("/", authenticate, withCatalogue, withInstance)
  .use("/:id", authenticate, withCatalogue, withInstance)
  .get(
    "/",
    describeRoute({
      summary: "List monitors",
      tags,
      responses: { 200: json("The monitors", z.object({ items: z.array(MonitorView) })) },
    }),
    may("read"),
    async (c) => {
      const scope = await readScope(c);
      return c.json({ items: scope.rows.monitors.map(({ id }) => show(scope, find(scope.rows, id))) });
    },
  )
  .post(
    "/",
    describeRoute({
      summary: "Create a monitor",
      tags,
      responses: { 201: json("The monitor", MonitorView) },
    }),
    may("configure"),
    accept("json", MonitorCreate),
    async (c) => {
      const input = c.req.valid("json");
      const plugin = findPlugin(input.kind, "kind");
      const scope = await readScope(c);
      checkQuota("monitors", QUOTAS.monitors, scope.rows.monitors.length);
      await checkApplication(c, input.applicationId);
      const id = mintId("mon");
      const defaultName = `${plugin.kind}-${id.slice(-NAME_LENGTH)}`;
      const identity = { id, instanceId: c.get("instance").id, createdAtMs: Date.now(), defaultName };
      const made = await readNewMonitor(input, identity, { plugin, sites: scope.rows.sites, ...scope });
      const catalogue = c.get("catalogue");
      const statements = [
        catalogue.insert(monitors).values(made.monitor),
        catalogue.insert(dataCentres).values([...made.dataCentres]),
      ];
      const after = show(scope, made);
      const entry = { action: "create monitor", resource: id, instanceId: identity.instanceId, after };
      const published = await changeInstance(c, statements, entry);
      return c.json(warnOfHeld(after, published), 201);
    },
  )
  .get(
    "/:id",
    describeRoute({ summary: "Get a monitor", tags, responses: { 200: json("The monitor", MonitorView) } }),
    may("read"),
    async (c) => {
      const scope = await readScope(c);
      return c.json(show(scope, find(scope.rows, readParam(c, "id"))));
    },
  )
  .patch(
    "/:id",
    describeRoute({ summary: "Edit a monitor", tags, responses: { 200: json("The monitor", MonitorView) } }),
    may("configure"),
    accept("json", MonitorUpdate),
    async (c) => {
      const scope = await readScope(c);
      const before = find(scope.rows, readParam(c, "id"));
      const plugin = findPlugin(before.monitor.kind, "kind");
      const made = await readMonitorEdit(c.req.valid("json"), before, {
        plugin,
        sites: scope.rows.sites,
        ...scope,
      });
      const { id, instanceId } = before.monitor;
      await checkPlanWith(c, replace(scope.rows, id, made));
      const catalogue = c.get("catalogue");
      const { monitored, automatic, timing, failOn, windows, pools, common, sealed, updatedAtMs } =
        made.monitor;
      const statements = [
        catalogue
          .update(monitors)
          .set({ monitored, automatic, timing, failOn, windows, pools, common, sealed, updatedAtMs })
          .where(eq(monitors.id, id)),
        catalogue.delete(dataCentres).where(eq(dataCentres.monitorId, id)),
        catalogue.insert(dataCentres).values([...made.dataCentres]),
      ];
      const after = show(scope, made);
      const entry = { action: "edit monitor", resource: id, instanceId, before: show(scope, before), after };
      const published = await changeInstance(c, statements, entry);
      return c.json(warnOfHeld(after, published));
    },
  )
  .delete(
    "/:id",
    describeRoute({ summary: "Delete a monitor", tags, responses: { 204: { description: "Deleted" } } }),
    may("configure"),
    async (c) => {
      const scope = await readScope(c);
      const before = find(scope.rows, readParam(c, "id"));
      const { id, instanceId } = before.monitor;
      await checkPlanWith(c, replace(scope.rows, id, null));
      const catalogue = c.get("catalogue");
      const statements = [
        catalogue.delete(dataCentres).where(eq(dataCentres.monitorId, id)),
        catalogue.delete(monitors).where(eq(monitors.id, id)),
      ];
      const entry = { action: "delete monitor", resource: id, instanceId, before: show(scope, before) };
      await changeInstance(c, statements, entry, true);
      return c.body(null, 204);
    },
  );

interface MonitorScope {
  readonly rows: PlanRows;
  readonly recipients: readonly Recipient[];
}

async function readScope(c: Context<AppEnv>): Promise<MonitorScope> {
  const catalogue = c.get("catalogue");
  const { id } = c.get("instance");
  const [rows, recipients] = await Promise.all([readPlanRows(catalogue, id), listRecipients(catalogue, id)]);
  return { rows, recipients };
}

async function checkApplication(c: Context<AppEnv>, id: string): Promise<void> {
  const isHere = and(eq(applications.id, id), eq(applications.instanceId, c.get("instance").id));
  if ((await within(c.get("catalogue").$count(applications, isHere))) === 0)
    throw notFound("application", id);
}

function find(rows: PlanRows, id: string): MonitorRows {
  const found = findMonitor(rows, id);
  if (found === null) throw notFound("monitor", id);
  return found;
}

/** The catalogue as it would be with a monitor changed, or gone. */
function replace(rows: PlanRows, id: string, made: MonitorRows | null): PlanRows {
  return {
    ...rows,
    monitors: rows.monitors.flatMap((row) => (row.id !== id ? [row] : made === null ? [] : [made.monitor])),
    dataCentres: [...rows.dataCentres.filter((row) => row.monitorId !== id), ...(made?.dataCentres ?? [])],
  };
}

/** A change that the Instance does not work from yet is stored all the same; its author is told why it waits. */
function warnOfHeld(view: MonitorView, { held }: Published): MonitorView {
  if (held === null) return view;
  return { ...view, warnings: [...view.warnings, { id: held.id, text: held.text }] };
}

function show(scope: MonitorScope, { monitor, dataCentres: rows }: MonitorRows): MonitorView {
  const { instance, sites } = scope.rows;
  return showMonitor(monitor, rows, { instance, sites, recipients: scope.recipients });
}
