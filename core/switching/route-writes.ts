import type { RouteWrite } from "@evenkeel/contracts/agent-protocol";
import type { InstanceState, MonitorState } from "../arbitration/state.ts";

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
  const routeless = new Set(
    state.plan.monitors.filter((planned) => !planned.switchable).map((planned) => planned.id),
  );
  return state.monitors.list
    .filter((monitor) => monitor.fork === null && !routeless.has(monitor.id))
    .map(renderRouteWrite);
}
