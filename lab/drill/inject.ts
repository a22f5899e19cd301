import { applyFault } from "../faults/site-faults.ts";
import type { ManagedProcess } from "../processes/process-spec.ts";
import { readProcessTable } from "../processes/process-table.ts";
import { wallMs } from "../shop/shop-clock.ts";
import type { Lab } from "../start-lab.ts";
import type { DrillEngine, DrillFault } from "./options.ts";

/** How long the cluster may take to elect the member that the fault will take, in milliseconds. */
const LEADER_WITHIN_MS = 10_000;
const LEADER_POLL_MS = 50;
const TABLE_LOOKS = 3;
/** How long an injected control-plane outage lasts, in milliseconds. */
const CONTROL_PLANE_DOWN_MS = 3000;

/** A fault under way: when it struck, and how to undo it. */
export interface InjectedFault {
  readonly atMs: number;
  /** Brings everything back that the fault took. */
  undo(): Promise<void>;
}

/**
 * Injects a fault into dc1, or into the parts that must not matter. Processes are killed and stopped for real; `refuse`
 * and `blackhole` kill and stop the relay before a database that lives on.
 *
 * @param lab the lab
 * @param engine the engine that is drilled
 * @param fault the fault
 */
export async function injectFault(lab: Lab, engine: DrillEngine, fault: DrillFault): Promise<InjectedFault> {
  switch (fault) {
    case "kill":
    case "stop":
      return strike(lab, fault, `${engine}-dc1`);
    case "refuse":
      return strike(lab, "kill", `gate-${engine}-dc1`);
    case "blackhole":
      return strike(lab, "stop", `gate-${engine}-dc1`);
    case "agent":
      return strike(lab, "kill", "agent-dc1");
    case "site":
      // The worst case: the site that is lost holds the leader of the route store too.
      await leadFrom(lab, "dc1");
      return strike(lab, "kill", "dc1");
    case "control-plane":
      return strike(lab, "kill", "control-plane");
    case "etcd-leader": {
      const leader = await findLeader(lab);
      return strike(lab, "kill", `etcd-${leader}`);
    }
  }
}

/**
 * Kills the control plane and starts it again at once, as a supervisor would.
 *
 * @param lab the lab
 */
export async function restartControlPlane(lab: Pick<Lab, "controlPlane">): Promise<void> {
  await lab.controlPlane.kill();
  await reviveProcess(lab.controlPlane);
}

async function strike(lab: Lab, verb: "kill" | "stop", part: string): Promise<InjectedFault> {
  // Reading the process table for the first time takes tens of milliseconds, which are not the fault's.
  for (let look = 0; look < TABLE_LOOKS; look += 1) readProcessTable();
  const atMs = wallMs();
  const problem = await applyFault(lab, verb, part);
  if (problem !== null) throw new Error(problem);
  return {
    atMs,
    undo: async () => {
      const trouble = await applyFault(lab, "revive", part);
      if (trouble !== null) throw new Error(trouble);
    },
  };
}

async function reviveProcess(process: ManagedProcess): Promise<void> {
  const started = await process.revive();
  if (!started.ok) throw new Error(started.message);
}

async function findLeader(lab: Lab): Promise<string> {
  const until = wallMs() + LEADER_WITHIN_MS;
  while (wallMs() < until) {
    const leader = await lab.etcd.leader();
    if (leader !== undefined) return leader;
    await new Promise((resolve) => setTimeout(resolve, LEADER_POLL_MS));
  }
  throw new Error(`etcd has had no leader for ${LEADER_WITHIN_MS / 1000} s`);
}

async function leadFrom(lab: Lab, member: "dc1"): Promise<void> {
  await findLeader(lab);
  if (!(await lab.etcd.moveLeader(member))) throw new Error(`etcd did not hand its leadership to ${member}`);
}

/** How long a drill watches a fault that must move nothing, in milliseconds. */
export const HARMLESS_WATCH_MS = CONTROL_PLANE_DOWN_MS;
