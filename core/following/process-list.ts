import type { ProcessesFrame } from "@evenkeel/contracts/agent-protocol";
import type { ProcessRecord, ProcessView } from "@evenkeel/contracts/process";

/** A registered process, with when it was first heard to follow the route that it follows now. */
export interface RegisteredProcess extends ProcessView {
  /** By monitor; control plane's clock, ms. */
  readonly followsSinceMs: Readonly<Record<string, number>>;
}

/** The processes of one store, by application and id. */
export type ProcessList = ReadonlyMap<string, RegisteredProcess>;

/**
 * Takes what an agent told of the processes of one store.
 *
 * @param list the list that the frame goes on with
 * @param known the list that counted last: who follows the same route still, has followed it since then
 * @param frame what was told
 * @param now control plane's clock in ms
 * @returns the list after it
 */
export function takeProcesses(
  list: ProcessList,
  known: ProcessList,
  frame: ProcessesFrame,
  now: number,
): ProcessList {
  const next = new Map(frame.anew ? [] : list);
  for (const { applicationId, id, ageMs, record } of frame.processes) {
    const key = `${applicationId}/${id}`;
    if (record === null) next.delete(key);
    else next.set(key, register({ applicationId, id }, record, known.get(key), now - ageMs));
  }
  return next;
}

function register(
  identity: Pick<ProcessView, "applicationId" | "id">,
  { v: _, ...record }: ProcessRecord,
  known: RegisteredProcess | undefined,
  atMs: number,
): RegisteredProcess {
  const followsSinceMs = Object.fromEntries(
    Object.entries(record.routes).map(([monitorId, { decision }]): [string, number] => {
      const isSame = known?.routes[monitorId]?.decision === decision;
      return [monitorId, (isSame ? known?.followsSinceMs[monitorId] : undefined) ?? atMs];
    }),
  );
  return { ...identity, ...record, followsSinceMs };
}
