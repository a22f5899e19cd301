import type { CommandRefusal } from "@evenkeel/contracts/command";
import type { Plan, PlannedMonitor } from "@evenkeel/contracts/plan";
import { because } from "@evenkeel/contracts/sentences";
import { computeFlags } from "../switching/route.ts";
import { createMonitorState } from "./create.ts";
import { findPlanned } from "./find-planned.ts";
import { sendRoute } from "./held-routes.ts";
import { findMonitor } from "./monitor-rows.ts";
import { recordEvent } from "./record-event.ts";
import type { InstanceState, MonitorState } from "./state.ts";
import { succeedQuietly } from "./succeed-quietly.ts";
import { dropMonitor, setMonitor, type Work } from "./work.ts";

/** Deleted monitors keep their retired route for so long, in ms: 30 days [SAFE-1]. */
export const TOMBSTONE_MS = 30 * 86_400_000;

/**
 * Checks whether a plan may take effect now. A running switch pins the plan: its monitor must keep its data centres,
 * its home and its existence until it is done [SAFE-9].
 *
 * @param state the instance
 * @param plan the plan that is to hold
 * @returns one refusal per monitor that stands in the way; empty: it may
 */
export function checkPlan(state: InstanceState, plan: Plan): CommandRefusal[] {
  return state.monitors.list.flatMap((monitor) => {
    const active = monitor.route.active;
    const planned = plan.monitors.find((candidate) => candidate.id === monitor.id);
    const before = findPlanned(state, monitor.id);
    const refusal = (why: CommandRefusal["because"], code: CommandRefusal["code"]) => [
      { monitorId: monitor.id, code, because: why, epoch: monitor.route.epoch },
    ];
    if (before === undefined) return [];
    if (planned !== undefined && !planned.dataCentres.some((dc) => dc.name === active)) {
      return refusal(because("active-removed", { dc: active }), "switch-blocked");
    }
    if (monitor.run === null) return [];
    const names = (of: typeof before) => of.dataCentres.map((dc) => dc.name).join(",");
    const kept = planned !== undefined && planned.home === before.home && names(planned) === names(before);
    return kept ? [] : refusal(because("switch-running", { to: monitor.run.to }), "switch-in-progress");
  });
}

/**
 * Takes a new plan: creates rows for new monitors, retires the routes of deleted ones, keeps all others.
 *
 * @param work the work
 * @param plan a plan that `checkPlan` let pass; an older version changes nothing
 */
export function takePlan(work: Work, plan: Plan): void {
  if (plan.version < work.instance.plan.version) return;
  const before = work.instance.plan;
  const modeBefore = before.settings.mode;
  const known = work.instance.monitors;
  work.instance = { ...work.instance, plan };
  if (modeBefore !== plan.settings.mode) {
    const why = because("mode-changed", { mode: plan.settings.mode });
    recordEvent(work, {
      type: "mode-changed",
      level: plan.settings.mode === "act" ? "info" : "major",
      because: why,
    });
  }
  for (const planned of plan.monitors) {
    const row = findMonitor({ monitors: known }, planned.id);
    if (row !== undefined && !planned.switchable) continue;
    if (row === undefined) {
      const created = createMonitorState(planned, work.newId("dec"), work.now);
      setMonitor(work, created);
      if (planned.switchable) sendRoute(work, created);
      continue;
    }
    keepFlags(work, row, planned);
  }
  for (const monitor of known.list) {
    if (findPlanned(work.instance, monitor.id) !== undefined) continue;
    const had = before.monitors.find((planned) => planned.id === monitor.id);
    // A monitor that never had a route leaves nothing that somebody could still be serving.
    if (had !== undefined && !had.switchable) dropMonitor(work, monitor.id);
    else retire(work, monitor);
  }
}

/** Data centres that were added become open, those that were removed lose their flags. */
function keepFlags(work: Work, before: MonitorState, planned: PlannedMonitor): void {
  const same = planned.dataCentres.every((dc) => before.route.dataCentres[dc.name] !== undefined);
  if (same && Object.keys(before.route.dataCentres).length === planned.dataCentres.length) return;
  const dataCentres = computeFlags(planned, before.route.dataCentres);
  succeedQuietly(work, before, {
    ...{ dataCentres, phase: "stable", reason: "the data centres were changed", decidedBy: "plan" },
  });
}

/** A deleted monitor leaves a tombstone and a retired route that SDKs keep serving [SAFE-1]. */
function retire(work: Work, monitor: MonitorState): void {
  if (monitor.route.phase === "retired") {
    if (work.now - Date.parse(monitor.route.decidedAt) > TOMBSTONE_MS) dropMonitor(work, monitor.id);
    return;
  }
  const quiet = { ...monitor, observations: {}, asking: null, run: null, alarm: null };
  const { dataCentres } = monitor.route;
  succeedQuietly(work, quiet, {
    ...{ dataCentres, phase: "retired", reason: "the monitor was deleted", decidedBy: "plan" },
  });
}
