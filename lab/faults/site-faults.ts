import type { ManagedProcess, StartResult } from "../processes/process-spec.ts";
import type { Lab } from "../start-lab.ts";

/** What can be done to a part of the lab. */
export type FaultVerb = "kill" | "stop" | "revive";

/**
 * Lists what a name of the lab stands for: a process (`postgresql-dc1`, `agent-dc2`, `etcd-witness`, `control-plane`,
 * `shop`), or a whole site (`dc1`, `dc2`, `witness`).
 *
 * @param lab the lab
 * @param name the name
 * @returns the processes; empty if the lab has no such part
 */
export function findPart(lab: Pick<Lab, "supervisor">, name: string): readonly ManagedProcess[] {
  const one = lab.supervisor.processes().find((process) => process.spec.name === name);
  return one === undefined ? lab.supervisor.ofSite(name) : [one];
}

/** Names that `findPart` knows, for messages. */
export function listParts(lab: Pick<Lab, "supervisor">): string[] {
  const processes = lab.supervisor.processes();
  const sites = new Set(processes.flatMap((process) => process.spec.site ?? []));
  return [...sites, ...processes.map((process) => process.spec.name)];
}

/**
 * Does something to a part of the lab, to all of its processes at one time.
 *
 * @param lab the lab
 * @param verb kill (SIGKILL), stop (SIGSTOP) or revive
 * @param name the part
 * @returns null, or in one sentence what went wrong
 */
export async function applyFault(
  lab: Pick<Lab, "supervisor">,
  verb: FaultVerb,
  name: string,
): Promise<string | null> {
  const part = findPart(lab, name);
  if (part.length === 0) return `the lab has no ${name}; it has ${listParts(lab).join(", ")}`;
  const results = await Promise.all(part.map((process) => applyToProcess(verb, process)));
  const failed = results.flatMap((result) => (result !== null && !result.ok ? [result.message] : []));
  return failed.length === 0 ? null : failed.join("; ");
}

async function applyToProcess(verb: FaultVerb, process: ManagedProcess): Promise<StartResult | null> {
  switch (verb) {
    case "kill":
      await process.kill();
      return null;
    case "stop":
      process.stop();
      return null;
    case "revive":
      return process.revive();
  }
}
