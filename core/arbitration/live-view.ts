import type { InstanceEvent } from "@evenkeel/contracts/event";
import {
  LIVE_EVENTS_MAX,
  type LiveDataCentre,
  type LiveMonitor,
  type LiveView,
  type TargetState,
} from "@evenkeel/contracts/live";
import type { PlannedDataCentre } from "@evenkeel/contracts/plan";
import { combineHeartbeats } from "../health/heartbeat.ts";
import { findOpenWindow } from "./budget.ts";
import { computeProtection } from "./explain.ts";
import { listReachableStores } from "./facts.ts";
import { nameStore } from "./find-planned.ts";
import { listOwed } from "./held-routes.ts";
import { listMarks } from "./live-marks.ts";
import { renderSite } from "./live-sites.ts";
import { createMoment } from "./moment.ts";
import { findMonitor } from "./monitor-rows.ts";
import { isHeard } from "./sight.ts";
import type { Case, InstanceState } from "./state.ts";
import { computeShownTarget } from "./target-states.ts";

/**
 * Renders the picture of an instance that consoles show.
 *
 * @param state the instance
 * @param events its latest events, newest first
 * @param now control plane's clock in ms
 */
export function renderLiveView(
  state: InstanceState,
  events: readonly InstanceEvent[],
  now: number,
): LiveView {
  const { plan } = state;
  const moment = createMoment(state, now);
  return {
    instanceId: plan.instanceId,
    name: plan.instanceName,
    planVersion: plan.version,
    atMs: now,
    settings: plan.settings,
    sites: plan.sites.flatMap((site) => {
      const judged = moment.sites().get(site.id);
      return judged === undefined ? [] : [renderSite(state, site, judged)];
    }),
    agents: Object.values(state.agents).map((agent) => ({
      id: agent.id,
      name: agent.name,
      site: agent.site,
      connected: isHeard(agent, state, now),
      version: agent.version,
      host: agent.host,
      illness: agent.illness?.words ?? null,
    })),
    stores: renderStores(state, now),
    monitors: plan.monitors.flatMap((planned) => {
      const monitor = findMonitor(state, planned.id);
      return monitor === undefined ? [] : [renderMonitor({ instance: state, planned, monitor, now, moment })];
    }),
    events: events.slice(0, LIVE_EVENTS_MAX),
  };
}

function renderStores(state: InstanceState, now: number): LiveView["stores"] {
  const reachable = listReachableStores(state, now);
  return state.plan.stores.map((store) => {
    const troubles = Object.values(state.agents).flatMap((agent) =>
      agent.stores
        .filter((health) => health.store === store.id && !health.reachable)
        .map((health) => health.words),
    );
    const name = nameStore(state, store.id);
    return { id: store.id, name, reachable: reachable.includes(store.id), words: troubles[0] ?? "" };
  });
}

/** The order in which the states of its data centres win the list's colour. */
const WORST_FIRST: readonly TargetState[] = [
  "abnormal",
  "unreachable",
  "misconfigured",
  "init-failed",
  "init",
  "paused",
  "normal",
];

function renderMonitor(subject: Case): LiveMonitor {
  const { planned, monitor } = subject;
  const dataCentres = planned.dataCentres.map((target) => renderDataCentre(subject, target));
  const states = dataCentres.map((dc) => dc.state);
  return {
    id: planned.id,
    name: planned.name,
    kind: planned.kind,
    applicationId: planned.applicationId,
    switchable: planned.switchable,
    monitored: planned.monitored,
    automatic: planned.automatic,
    window: findOpenWindow(planned, subject.now),
    armed: monitor.armed,
    home: planned.home,
    active: monitor.route.active,
    epoch: monitor.route.epoch,
    decision: monitor.route.decision,
    state: WORST_FIRST.find((state) => states.includes(state)) ?? "init",
    marks: listMarks(subject, dataCentres),
    dataCentres,
    protection: {
      targetLost: computeProtection(subject, "target-lost"),
      siteLost: computeProtection(subject, "site-lost"),
    },
    switching:
      monitor.run === null
        ? null
        : {
            to: monitor.run.to,
            epoch: monitor.run.epoch,
            step: monitor.run.position.step,
            sinceMs: subject.now - monitor.run.startedAtMs,
            kind: monitor.run.kind,
          },
    owedStores: planned.switchable
      ? listOwed(subject.instance, monitor).map((id) => nameStore(subject.instance, id))
      : [],
  };
}

function renderDataCentre(subject: Case, target: PlannedDataCentre): LiveDataCentre {
  const { state, sight, judgement, observations, healthyForMs } = computeShownTarget(subject, target);
  const flags = subject.monitor.route.dataCentres[target.name];
  return {
    name: target.name,
    site: target.site,
    state,
    words: judgement?.words ?? "",
    code: judgement?.code ?? null,
    advice: judgement?.advice ?? null,
    readable: flags?.readable ?? true,
    writable: flags?.writable ?? true,
    latencyMs: observations.find((one) => one.latencyMs !== null)?.latencyMs ?? null,
    votes: Object.fromEntries(Object.entries(sight.votes).map(([site, { vote }]) => [site, vote])),
    healthyForMs: state === "normal" ? healthyForMs : null,
    parts: judgement?.parts ?? null,
    heartbeat: combineHeartbeats(observations.flatMap(({ heartbeat }) => heartbeat ?? [])),
  };
}
