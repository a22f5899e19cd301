import { Plan } from "@evenkeel/contracts/plan";
import type { PulledPlan } from "./ports.ts";

/**
 * Pulls the plan of an instance from the catalogue. A dead catalogue changes nothing: the plan that holds goes on.
 *
 * @param database the D1 binding
 * @param instanceId id of the instance
 * @returns the plan; null: there is none, or the catalogue does not answer
 */
export async function pullPlan(database: D1Database, instanceId: string): Promise<PulledPlan | null> {
  try {
    const row = await database
      .prepare("select body, confirmed_by from plans where instance_id = ?")
      .bind(instanceId)
      .first<{ body: string; confirmed_by: string | null }>();
    if (row === null) return null;
    return { plan: Plan.parse(JSON.parse(row.body)), confirmedBy: row.confirmed_by };
  } catch (error) {
    console.warn(`the plan of ${instanceId} could not be pulled: ${String(error)}`);
    return null;
  }
}
