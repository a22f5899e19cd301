import type { AgentFrame } from "@evenkeel/contracts/agent-protocol";
import type { Observation } from "@evenkeel/contracts/observation";
import { because } from "@evenkeel/contracts/sentences";
import { linksDiffer, noteStores, storesDiffer } from "./agent-reach.ts";
import { listReachableStores } from "./facts.ts";
import { findPlanned, nameSite } from "./find-planned.ts";
import { forgetHeld } from "./held-routes.ts";
import { findMonitor } from "./monitor-rows.ts";
import { recordEvent } from "./record-event.ts";
import type { AgentState, ArbitrationEvent, MonitorState, SeenObservation } from "./state.ts";
import { setMonitor, type Work } from "./work.ts";

type EventOf<Type extends ArbitrationEvent["type"]> = Extract<ArbitrationEvent, { type: Type }>;

/** Takes an agent's connection: a new process of it knows nothing of what the old one saw. */
export function connectAgent(work: Work, event: EventOf<"agent-connected">): void {
  const { agent, hello } = event;
  const before = work.instance.agents[agent.id];
  const returned = before?.connected !== true;
  const state: AgentState = {
    id: agent.id,
    name: agent.name,
    site: agent.site,
    connected: true,
    seen: true,
    heardAtMs: work.now,
    boot: hello.boot,
    host: hello.host,
    version: hello.version,
    illness: before?.boot === hello.boot ? before.illness : null,
    stores: before?.boot === hello.boot ? before.stores : [],
    links: before?.boot === hello.boot ? before.links : [],
  };
  putAgent(work, state);
  if (before?.boot !== hello.boot) forgetSight(work, agent.id);
  if (returned) {
    const params = { agent: agent.name, site: nameSite(work.instance, agent.site) };
    recordEvent(work, { type: "agent-returned", level: "info", because: because("agent-returned", params) });
  }
}

/** Notes that an agent's connection is gone. */
export function disconnectAgent(work: Work, agentId: string): void {
  const agent = work.instance.agents[agentId];
  if (agent === undefined || !agent.connected) return;
  putAgent(work, { ...agent, connected: false });
  const params = { agent: agent.name, site: nameSite(work.instance, agent.site) };
  recordEvent(work, { type: "agent-lost", level: "major", because: because("agent-lost", params) });
}

/** Forgets an agent that was removed from the catalogue. */
export function removeAgent(work: Work, agentId: string): void {
  const { [agentId]: gone, ...agents } = work.instance.agents;
  if (gone === undefined) return;
  work.instance = { ...work.instance, agents };
  forgetSight(work, agentId);
}

function putAgent(work: Work, agent: AgentState): void {
  work.instance = { ...work.instance, agents: { ...work.instance.agents, [agent.id]: agent } };
}

function forgetSight(work: Work, agentId: string): void {
  for (const monitor of work.instance.monitors.list) {
    const { [agentId]: gone, ...observations } = monitor.observations;
    if (gone !== undefined) setMonitor(work, { ...monitor, observations });
  }
}

/**
 * Takes a report into the rows of the monitors that it speaks of.
 *
 * @param work the work
 * @param agentId who reports
 * @param frame the report
 * @returns ids of the monitors to be evaluated
 */
export function takeReport(
  work: Work,
  agentId: string,
  frame: Extract<AgentFrame, { type: "report" }>,
): string[] {
  const agent = work.instance.agents[agentId];
  if (agent === undefined) return [];
  noteStores(work, agent, frame.stores);
  const { illness, stores, links } = frame;
  const storesChanged = storesDiffer(agent.stores, stores);
  const storesBefore = storesChanged ? listReachableStores(work.instance, work.now) : [];
  putAgent(work, { ...agent, illness, stores, links, heardAtMs: work.now });
  if (storesChanged) {
    const returned = listReachableStores(work.instance, work.now).filter((id) => !storesBefore.includes(id));
    for (const store of returned) forgetHeld(work, store);
  }
  const byMonitor = groupByMonitor(frame.observations);
  takeObservations(work, agent, byMonitor, frame.full);
  // Illness or a store's health bears on every case, not only on those whose targets changed.
  const general = illness?.cause !== agent.illness?.cause || storesChanged || linksDiffer(agent.links, links);
  return general ? work.instance.plan.monitors.map((planned) => planned.id) : [...byMonitor.keys()];
}

/** Groups observations by the id of the monitor that they speak of. */
export function groupByMonitor(observations: readonly Observation[]): Map<string, Observation[]> {
  const groups = new Map<string, Observation[]>();
  for (const observation of observations) {
    const group = groups.get(observation.monitorId);
    if (group === undefined) groups.set(observation.monitorId, [observation]);
    else group.push(observation);
  }
  return groups;
}

/** Takes observations, of a report or of an answer: both are what an agent says of its targets now. */
export function takeObservations(
  work: Work,
  agent: AgentState,
  byMonitor: ReadonlyMap<string, readonly Observation[]>,
  full: boolean,
): void {
  for (const [monitorId, list] of byMonitor) {
    const monitor = findMonitor(work.instance, monitorId);
    if (monitor !== undefined) setMonitor(work, mergeSight(work, monitor, agent, list, full));
  }
}

function mergeSight(
  work: Work,
  monitor: MonitorState,
  agent: AgentState,
  list: readonly Observation[],
  full: boolean,
): MonitorState {
  const before = monitor.observations[agent.id] ?? {};
  const mine: Record<string, SeenObservation> = full ? {} : { ...before };
  const proven: Record<string, number> = { ...monitor.proven };
  const planned = findPlanned(work.instance, monitor.id);
  for (const observation of list) {
    const { dataCentre } = observation;
    const failing = observation.failing !== null;
    const blinded = failing && (before[dataCentre]?.blinded ?? false);
    mine[dataCentre] = { observation, receivedAtMs: work.now, blinded };
    const target = planned?.dataCentres.find((dc) => dc.name === dataCentre);
    if (target?.site === agent.site && observation.sawUp) proven[dataCentre] = observation.targetVersion;
  }
  return { ...monitor, proven, observations: { ...monitor.observations, [agent.id]: mine } };
}
