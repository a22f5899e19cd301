import { endAnnouncement } from "./announce.ts";
import { takeAnswer } from "./asking.ts";
import { obeyBatch } from "./batch.ts";
import { obey } from "./commands.ts";
import { evaluate } from "./evaluate.ts";
import { armIfDue } from "./finish.ts";
import { sendOwed } from "./held-routes.ts";
import { findMonitor } from "./monitor-rows.ts";
import { takePlan } from "./plan.ts";
import { endPrecheck } from "./precheck.ts";
import { replaceCandidate } from "./replace.ts";
import {
  connectAgent,
  disconnectAgent,
  groupByMonitor,
  removeAgent,
  takeObservations,
  takeReport,
} from "./reports.ts";
import { tellOfSites } from "./site-alarms.ts";
import type { ArbitrationEvent, Decision, InstanceState, Surroundings } from "./state.ts";
import { driveSwitch } from "./switch-steps.ts";
import { showStates } from "./target-states.ts";
import { beginWork, endWork, setMonitor, type Work } from "./work.ts";
import { takeWritten } from "./written.ts";

/**
 * Decides: takes one event into the state and says what is to be done. It has no I/O, no clock and no randomness of its
 * own; the shell stores the changed rows and the recorded events in one transaction and only then acts [SAFE-7].
 *
 * @param state the state before
 * @param event what happened
 * @param surroundings the shell's clock, fresh randomness and when each agent was last heard
 * @returns the state after, the changed rows, the effects in order and the answers to commands
 */
export function decide(state: InstanceState, event: ArbitrationEvent, surroundings: Surroundings): Decision {
  const work = beginWork(state, surroundings);
  const touched = take(work, event);
  tellOfSites(work);
  for (const monitorId of touched) {
    proceed(work, monitorId);
    evaluate(work, monitorId);
    showStates(work, monitorId);
  }
  return endWork(work);
}

function allMonitors(work: Work): string[] {
  // Deleted monitors too: their retired routes may still be owed to a store.
  return work.instance.monitors.list.map((monitor) => monitor.id);
}

/** Takes the event in and names the monitors that have to be looked at again. */
function take(work: Work, event: ArbitrationEvent): readonly string[] {
  switch (event.type) {
    case "tick":
      return allMonitors(work);
    case "plan":
      takePlan(work, event.plan);
      return allMonitors(work);
    case "agent-connected":
      connectAgent(work, event);
      return allMonitors(work);
    case "agent-disconnected":
      disconnectAgent(work, event.agentId);
      return allMonitors(work);
    case "agent-removed":
      removeAgent(work, event.agentId);
      return allMonitors(work);
    case "report":
      return takeReport(work, event.agentId, event.frame);
    case "answer":
      return takeAnswers(work, event);
    case "written":
      for (const result of event.frame.results) {
        takeWritten(work, work.instance.agents[event.agentId]?.name ?? event.agentId, result);
      }
      return event.frame.results.map((result) => result.monitorId);
    case "command":
      obey(work, event);
      return [event.monitorId];
    case "batch":
      return obeyBatch(work, event);
  }
}

function takeAnswers(work: Work, event: Extract<ArbitrationEvent, { type: "answer" }>): string[] {
  const agent = work.instance.agents[event.agentId];
  if (agent === undefined) return [];
  const { frame, agentId } = event;
  const byMonitor = groupByMonitor(frame.observations);
  takeObservations(work, agent, byMonitor, false);
  const touched = new Set(byMonitor.keys());
  // An agent may answer with nothing of a monitor: that is an answer too, and says that it is blind to it.
  for (const monitor of work.instance.monitors.list) {
    if (monitor.asking?.nonce !== frame.nonce) continue;
    touched.add(monitor.id);
    setMonitor(work, takeAnswer(monitor, agentId, frame, byMonitor.get(monitor.id) ?? []));
  }
  return [...touched];
}

/** What goes on in one monitor without a new finding: prechecks that were answered, steps of a switch, owed stores, arming. */
function proceed(work: Work, monitorId: string): void {
  endPrecheck(work, monitorId);
  endAnnouncement(work, monitorId);
  replaceCandidate(work, monitorId);
  driveSwitch(work, monitorId);
  sendOwed(work, monitorId);
  const settled = findMonitor(work.instance, monitorId);
  if (settled !== undefined) setMonitor(work, armIfDue(work, settled));
}
