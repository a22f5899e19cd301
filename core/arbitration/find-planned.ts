import type { Plan, PlannedMonitor } from "@evenkeel/contracts/plan";
import type { InstanceState } from "./state.ts";

/** Planned monitors by id, for each plan: a plan never changes once it is made. */
const PLANNED = new WeakMap<Plan, ReadonlyMap<string, PlannedMonitor>>();

/** Finds a monitor in the plan. */
export function findPlanned(instance: InstanceState, monitorId: string): PlannedMonitor | undefined {
  let index = PLANNED.get(instance.plan);
  if (index === undefined) {
    index = new Map(instance.plan.monitors.map((monitor) => [monitor.id, monitor]));
    PLANNED.set(instance.plan, index);
  }
  return index.get(monitorId);
}

/** What people call a route store. */
export function nameStore(instance: InstanceState, id: string): string {
  return instance.plan.stores.find((store) => store.id === id)?.name ?? id;
}

/** What people call a site. */
export function nameSite(instance: InstanceState, id: string): string {
  return instance.plan.sites.find((site) => site.id === id)?.name ?? id;
}
