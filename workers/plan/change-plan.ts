import { AppError } from "@evenkeel/contracts/errors";
import type { Context } from "hono";
import type { AppEnv } from "../app-env.ts";
import { getPrincipal } from "../auth/authenticate.ts";
import { type AuditEntry, change, type Statement } from "../db/audit.ts";
import { openInstance } from "../environment.ts";
import { buildPlan } from "./build-plan.ts";
import { type Published, publishPlan, raiseRevision } from "./publish.ts";
import type { PlanRows } from "./rows.ts";

/**
 * Carries out a change of an instance's configuration: one transaction with its audit record, then a new plan.
 *
 * @param c the request
 * @param statements the change
 * @param entry what to record
 * @param removes true if it takes something away on purpose [SAFE-9]
 * @returns the plan that carries it
 */
export async function changeInstance(
  c: Context<AppEnv>,
  statements: readonly Statement[],
  entry: AuditEntry & { readonly instanceId: string },
  removes = false,
): Promise<Published> {
  const catalogue = c.get("catalogue");
  await change(c, [...statements, raiseRevision(catalogue, entry.instanceId)], entry, getPrincipal(c));
  return publishPlan(c.env, catalogue, entry.instanceId, removes ? c.get("requestId") : null);
}

/**
 * Asks the Instance whether a plan may take effect now, before anything is written: a running switch pins the data
 * centres, the home and the existence of its monitor [SAFE-9].
 *
 * @param c the request
 * @param rows the catalogue as it would be after the change
 * @throws AppError switch-in-progress or switch-blocked naming the monitors
 */
export async function checkPlanWith(c: Context<AppEnv>, rows: PlanRows): Promise<void> {
  const refusals = await openInstance(c.env, rows.instance.id).checkPlan(buildPlan(rows));
  const first = refusals[0];
  if (first !== undefined) throw new AppError(first.code, first.because.text, { refusals });
}
