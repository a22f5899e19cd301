import type { RouteWrite } from "@evenkeel/contracts/agent-protocol";
import type { ToldRoutes } from "@evenkeel/contracts/told-routes";
import type { Stores } from "./stores.ts";

/**
 * Tells the routes of an application as the control plane told them to this agent, for a process that does not reach its
 * store. What no store is known to hold is pending, because it may still give way [SAFE-1].
 *
 * @param stores what this agent knows
 * @param applicationId the application
 * @returns null: the control plane is not heard, so that nobody here knows the latest routes
 */
export function tellRoutes(stores: Stores, applicationId: string): ToldRoutes | null {
  if (!stores.isTold || stores.options.confirmedBy() !== "edge") return null;
  const mine = [...stores.told.values()].filter((write) => write.applicationId === applicationId);
  return {
    v: 1,
    routes: Object.fromEntries(
      mine.filter((write) => stands(stores, write)).map(({ monitorId, route }) => [monitorId, route]),
    ),
    pending: mine.filter((write) => !stands(stores, write)).map(({ monitorId }) => monitorId),
  };
}

/** Whether some store holds the route: one of ours, or another one of which the control plane knows. */
function stands({ open }: Stores, { monitorId, acknowledged }: RouteWrite): boolean {
  return acknowledged === true || [...open.values()].some(({ unsure }) => !unsure.has(monitorId));
}
