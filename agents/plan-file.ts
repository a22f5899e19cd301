import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Plan } from "@evenkeel/contracts/plan";
import { writePrivateFile } from "./identity.ts";

/** Where the last plan is kept in the state directory. */
export const PLAN_FILE = "plan.json";

/**
 * Keeps a plan, so that the agent works from it when it starts without the control plane. Its secrets stay sealed.
 *
 * @param stateDir the agent's directory
 * @param plan the plan
 */
export async function keepPlan(stateDir: string, plan: Plan): Promise<void> {
  await writePrivateFile(stateDir, PLAN_FILE, plan);
}

/**
 * Reads the kept plan.
 *
 * @param stateDir the agent's directory
 * @param say is told when there is one that cannot be read
 * @returns the plan; null if there is none
 */
export async function loadPlan(stateDir: string, say: (line: string) => void): Promise<Plan | null> {
  try {
    return Plan.parse(JSON.parse(await readFile(join(stateDir, PLAN_FILE), "utf8")));
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!missing) {
      const kind = error instanceof Error ? error.name : "unknown error";
      say(`the kept plan cannot be read and is left aside (${kind})`);
    }
    return null;
  }
}
