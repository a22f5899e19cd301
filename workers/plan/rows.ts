import { AppError } from "@evenkeel/contracts/errors";
import { eq } from "drizzle-orm";
import { type Catalogue, within } from "../db/open.ts";
import { dataCentres, instances, monitors, plans, sites, stores } from "../db/schema.ts";

/** Everything in the catalogue that a plan is built from. */
export interface PlanRows {
  readonly instance: typeof instances.$inferSelect;
  readonly sites: readonly (typeof sites.$inferSelect)[];
  readonly stores: readonly (typeof stores.$inferSelect)[];
  readonly monitors: readonly (typeof monitors.$inferSelect)[];
  readonly dataCentres: readonly (typeof dataCentres.$inferSelect)[];
  /** The plan that was published last; undefined before the first. */
  readonly published: Omit<typeof plans.$inferSelect, "body"> | undefined;
}

/**
 * Reads what a plan is built from, all at one moment: a D1 batch is one transaction.
 *
 * @param catalogue the catalogue
 * @param instanceId id of the instance
 * @returns the rows
 * @throws AppError not-found
 */
export async function readPlanRows(catalogue: Catalogue, instanceId: string): Promise<PlanRows> {
  const [instanceRows, siteRows, storeRows, monitorRows, dataCentreRows, planRows] = await within(
    catalogue.batch([
      catalogue.select().from(instances).where(eq(instances.id, instanceId)),
      catalogue.select().from(sites).where(eq(sites.instanceId, instanceId)).orderBy(sites.name),
      catalogue.select().from(stores).where(eq(stores.instanceId, instanceId)).orderBy(stores.name),
      catalogue.select().from(monitors).where(eq(monitors.instanceId, instanceId)).orderBy(monitors.name),
      catalogue
        .select({ dataCentre: dataCentres })
        .from(dataCentres)
        .innerJoin(monitors, eq(monitors.id, dataCentres.monitorId))
        .where(eq(monitors.instanceId, instanceId)),
      catalogue
        .select({
          instanceId: plans.instanceId,
          version: plans.version,
          revision: plans.revision,
          confirmedBy: plans.confirmedBy,
          appliedVersion: plans.appliedVersion,
          createdAtMs: plans.createdAtMs,
        })
        .from(plans)
        .where(eq(plans.instanceId, instanceId)),
    ]),
  );
  const instance = instanceRows[0];
  if (instance === undefined) throw new AppError("not-found", `There is no instance ${instanceId}`);
  return {
    instance,
    sites: siteRows,
    stores: storeRows,
    monitors: monitorRows,
    dataCentres: dataCentreRows.map((row) => row.dataCentre),
    published: planRows[0],
  };
}

/** A monitor as it is stored: its row and those of its data centres, dc1 first. */
export interface MonitorRows {
  readonly monitor: typeof monitors.$inferSelect;
  readonly dataCentres: readonly (typeof dataCentres.$inferSelect)[];
}

/**
 * Finds a monitor among the rows of its instance.
 *
 * @param rows the catalogue of the instance
 * @param id the monitor's id
 * @returns its rows; null: there is none
 */
export function findMonitor(rows: PlanRows, id: string): MonitorRows | null {
  const monitor = rows.monitors.find((row) => row.id === id);
  if (monitor === undefined) return null;
  const own = rows.dataCentres.filter((row) => row.monitorId === id);
  return {
    monitor,
    dataCentres: own.toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true })),
  };
}
