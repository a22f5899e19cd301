import type { RouteWrite } from "@evenkeel/contracts/agent-protocol";
import type { ToldRoutes } from "@evenkeel/contracts/told-routes";
import type { InstanceState, MonitorState } from "../arbitration/state.ts";
import { isAcknowledged } from "./acknowledged.ts";

/**
 * Renders the command that brings stores up to a monitor's route.
 *
 * @param monitor the monitor's row
 * @returns the write, with the decisions that the route descends from
 */
export function renderRouteWrite(monitor: MonitorState): RouteWrite {
  return {
    monitorId: monitor.id,
    applicationId: monitor.applicationId,
    route: monitor.route,
    ancestors: [...monitor.ancestors],
    acknowledged: isAcknowledged(monitor),
    step: monitor.run?.epoch === monitor.route.epoch ? monitor.run.position.step : null,
  };
}

/**
 * Computes every route that stores should hold: what an agent gets on connect to bring its stores up.
 * A monitor with a suspected split brain is left out, because nothing may move there, and so are kinds that never switch.
 *
 * @param state the instance
 * @returns the writes
 */
export function computeRouteWrites(state: InstanceState): RouteWrite[] {
  const routeless = listRouteless(state);
  return state.monitors.list
    .filter((monitor) => monitor.fork === null && !routeless.has(monitor.id))
    .map(renderRouteWrite);
}

/**
 * Computes what processes of an application may be told of their routes: what a store has acknowledged. A monitor whose
 * latest change no store is known to hold, or whose stores disagree, is pending.
 *
 * @param state the instance
 * @param applicationId the application
 */
export function tellRoutes(state: InstanceState, applicationId: string): ToldRoutes {
  const mine = state.monitors.list.filter((monitor) => monitor.applicationId === applicationId);
  const isSettled = (monitor: MonitorState) => monitor.fork === null && isAcknowledged(monitor);
  const routeless = listRouteless(state);
  return {
    v: 1,
    routes: Object.fromEntries(mine.filter(isSettled).map(({ id, route }) => [id, route])),
    pending: mine.filter((monitor) => !isSettled(monitor) && !routeless.has(monitor.id)).map(({ id }) => id),
  };
}

/** Monitors of kinds that never switch. */
function listRouteless(state: InstanceState): ReadonlySet<string> {
  return new Set(state.plan.monitors.filter((planned) => !planned.switchable).map((planned) => planned.id));
}
