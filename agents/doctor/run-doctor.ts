import { loadIdentity } from "../identity.ts";
import { loadPlan } from "../plan-file.ts";
import { createUnseal } from "../unseal.ts";
import { checkControlPlane } from "./check-control-plane.ts";
import { checkMachine } from "./check-machine.ts";
import { checkStores } from "./check-stores.ts";
import { checkTargets } from "./check-targets.ts";
import { bad, doubtful, type Finding } from "./finding.ts";

/**
 * Looks at everything that an agent needs: its files, the control plane, the clocks, every store and every target. It
 * may run beside the agent, takes nothing from it and writes nothing.
 *
 * @param stateDir the agent's directory
 * @returns what was found, in the order in which people would look
 * @throws Error if the agent is not enrolled
 */
export async function runDoctor(stateDir: string): Promise<Finding[]> {
  const identity = await loadIdentity(stateDir);
  const unseal = await createUnseal(identity);
  const damage: string[] = [];
  const plan = await loadPlan(stateDir, (line) => damage.push(line));
  const targets = plan?.monitors.reduce((sum, monitor) => sum + monitor.dataCentres.length, 0) ?? 0;
  const [machine, controlPlane, stores, probed] = await Promise.all([
    checkMachine(stateDir, targets),
    checkControlPlane(identity),
    plan === null ? [] : checkStores(plan, identity.site, unseal),
    plan === null ? [] : checkTargets(plan, unseal),
  ]);
  return [
    ...machine,
    ...controlPlane,
    ...(plan === null ? [judgeMissingPlan(damage)] : []),
    ...stores,
    ...probed,
  ];
}

function judgeMissingPlan([damage]: readonly string[]): Finding {
  const fix = "run the agent until it has connected once: it keeps the plan, and the doctor reads it there";
  return damage === undefined ? doubtful("plan", "there is none yet", fix) : bad("plan", damage, fix);
}
