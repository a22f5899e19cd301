import type { Plan, PlannedMonitor } from "@evenkeel/contracts/plan";
import { because } from "@evenkeel/contracts/sentences";
import { createRoute } from "../switching/route.ts";
import { makeRows } from "./monitor-rows.ts";
import type { InstanceState, MonitorState } from "./state.ts";

/**
 * Begins the state of an instance that knows nothing yet.
 *
 * @param plan the plan that it starts with
 * @param now control plane's clock in ms: begin of this incarnation
 * @returns a state without agents and monitors; monitors come with the first `plan` event
 */
export function createInstanceState(plan: Plan, now: number): InstanceState {
  return { plan, startedAtMs: now, agents: {}, monitors: makeRows([]), siteAlarms: {} };
}

/**
 * Begins the row of a monitor that was just planned: at home, armed, epoch 1.
 *
 * @param planned the monitor
 * @param decision id of the decision that creates its route
 * @param now control plane's clock in ms
 */
export function createMonitorState(planned: PlannedMonitor, decision: string, now: number): MonitorState {
  const why = because("route-created", { dc: planned.home });
  return {
    id: planned.id,
    applicationId: planned.applicationId,
    route: createRoute(planned, decision, why.text, now),
    stores: {},
    sentAtMs: 0,
    proven: {},
    ancestors: [],
    armed: true,
    rearmAtMs: null,
    fork: null,
    observations: {},
    asking: null,
    askAgainAtMs: 0,
    run: null,
    automaticAtMs: [],
    alarm: null,
    shown: {},
    remembered: [],
  };
}
