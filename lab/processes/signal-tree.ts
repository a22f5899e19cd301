import { errorCode } from "./error-code.ts";
import { collectTree, isAlive, type ProcessIdentity, readProcessTable } from "./process-table.ts";

/** Signals that the lab sends to whole trees. */
export type TreeSignal = "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM" | "SIGINT" | "SIGQUIT";

/** How often a tree is looked at again for processes that it started while it was being signalled. */
const MAX_SWEEPS = 5;

/**
 * Sends a signal to one process.
 * @returns false when it had ended already
 * @throws when the system refuses, for instance for want of rights
 */
export function signalProcess(pid: number, signal: TreeSignal): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
    throw error;
  }
}

/**
 * Sends a signal to a process and to everything that descends from it, parents first, and looks again until no new
 * descendant shows up. A killed or stopped parent starts nothing more, so that ends after a sweep or two.
 * @param root the process that was started
 * @returns those that were signalled; empty when the root had ended
 */
export function signalTree(root: ProcessIdentity, signal: TreeSignal): ProcessIdentity[] {
  const reached = new Map<number, ProcessIdentity>();
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep += 1) {
    // After SIGKILL the children of a dead parent are nobody's: only the first table still shows them.
    const fresh = collectTree(root, readProcessTable()).filter((member) => !reached.has(member.pid));
    if (fresh.length === 0) break;
    for (const member of fresh) {
      signalProcess(member.pid, signal);
      reached.set(member.pid, member);
    }
  }
  return [...reached.values()];
}

/**
 * Kills a tree for good. Its root is stopped first, so that it can start nothing between the look at the process
 * table (2 ms) and the kill; processes that were stopped before end as well.
 * @param root the process that was started
 * @param others processes known to belong to it although they may no longer descend from it
 * @returns those that were killed
 */
export function killTree(root: ProcessIdentity, others: readonly ProcessIdentity[] = []): ProcessIdentity[] {
  if (isAlive(root)) signalProcess(root.pid, "SIGSTOP");
  const tree = collectTree(root, readProcessTable());
  const inTree = new Set(tree.map((member) => member.pid));
  const members = [...tree, ...others.filter((other) => !inTree.has(other.pid) && isAlive(other))];
  for (const member of members) signalProcess(member.pid, "SIGKILL");
  return members;
}
