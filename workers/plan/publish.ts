import { AppError } from "@evenkeel/contracts/errors";
import type { Because } from "@evenkeel/contracts/event";
import type { Plan } from "@evenkeel/contracts/plan";
import { and, eq, sql } from "drizzle-orm";
import { type Catalogue, within } from "../db/open.ts";
import { instances, plans } from "../db/schema.ts";
import { type Env, openInstance } from "../environment.ts";
import { buildPlan } from "./build-plan.ts";
import { type PlanRows, readPlanRows } from "./rows.ts";

/** Publishing gives way to another change at work so many times. */
const PUBLISH_TRIES = 8;

/**
 * The statement that marks an instance's catalogue as changed; it belongs into the batch of every change that a plan
 * is built from, so that a change without a plan is noticed and published later.
 *
 * @param catalogue the catalogue
 * @param instanceId id of the instance
 */
export function raiseRevision(catalogue: Catalogue, instanceId: string) {
  return catalogue
    .update(instances)
    .set({ revision: sql`${instances.revision} + 1`, updatedAtMs: Date.now() })
    .where(eq(instances.id, instanceId));
}

/** A published plan; `held`: why the Instance does not work from it yet, null if it does or was not reached. */
export interface Published {
  readonly version: number;
  readonly held: Because | null;
}

/**
 * Publishes the plan of an instance as its catalogue stands now, and tells the Instance. If that does not answer, it
 * pulls the plan by version at its next contact.
 *
 * @param env the bindings
 * @param catalogue the catalogue
 * @param instanceId id of the instance
 * @param confirmedBy id of a request that removes something on purpose; null for all others [SAFE-9]
 * @returns version of the published plan, and whether it waits
 * @throws AppError catalogue-unavailable, state-changed
 */
export async function publishPlan(
  env: Env,
  catalogue: Catalogue,
  instanceId: string,
  confirmedBy: string | null,
): Promise<Published> {
  for (let attempt = 0; attempt < PUBLISH_TRIES; attempt += 1) {
    const rows = await readPlanRows(catalogue, instanceId);
    const { published } = rows;
    if (published !== undefined && published.revision === rows.instance.revision) {
      return { version: published.version, held: null };
    }
    const plan = buildPlan(rows);
    const confirmation = confirmedBy ?? keepConfirmation(published);
    if (!(await storePlan(catalogue, rows, plan, confirmation))) continue;
    return { version: plan.version, held: await tellInstance(env, catalogue, plan, confirmation) };
  }
  throw new AppError(
    "state-changed",
    "Too many changes at once; the change is stored and takes effect in a minute",
  );
}

/** A removal that the Instance has not taken yet stays confirmed in later plans. */
function keepConfirmation(published: PlanRows["published"]): string | null {
  if (published === undefined || published.appliedVersion >= published.version) return null;
  return published.confirmedBy;
}

/** Stores a plan unless somebody else published meanwhile. */
async function storePlan(
  catalogue: Catalogue,
  rows: PlanRows,
  plan: Plan,
  confirmedBy: string | null,
): Promise<boolean> {
  const values = {
    version: plan.version,
    revision: rows.instance.revision,
    body: JSON.stringify(plan),
    confirmedBy,
    createdAtMs: Date.now(),
  };
  const stored = await within(
    catalogue
      .insert(plans)
      .values({ instanceId: plan.instanceId, appliedVersion: 0, ...values })
      .onConflictDoUpdate({
        target: plans.instanceId,
        set: values,
        setWhere: eq(plans.version, plan.version - 1),
      })
      .returning({ version: plans.version }),
  );
  return stored.length === 1;
}

async function tellInstance(
  env: Env,
  catalogue: Catalogue,
  plan: Plan,
  confirmedBy: string | null,
): Promise<Because | null> {
  try {
    const outcome = await openInstance(env, plan.instanceId).applyPlan(plan, confirmedBy);
    if (outcome.status === "held") return outcome.because;
    await within(
      catalogue
        .update(plans)
        .set({ appliedVersion: plan.version })
        .where(and(eq(plans.instanceId, plan.instanceId), eq(plans.version, plan.version))),
    );
  } catch (error) {
    console.error(`instance ${plan.instanceId} was not told of plan ${plan.version}: ${String(error)}`);
  }
  return null;
}
