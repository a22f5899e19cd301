import type { RouteWrite } from "@evenkeel/contracts/agent-protocol";
import type { InstanceEvent } from "@evenkeel/contracts/event";
import { findPlanned } from "./find-planned.ts";
import { createMoment, type Moment } from "./moment.ts";
import { copyRows, findMonitor, type OwnRows, putRow, takeRow } from "./monitor-rows.ts";
import {
  type Case,
  type Decision,
  type Effect,
  FRAME_MONITORS_MAX,
  type InstanceState,
  type MonitorState,
  type Reply,
  type SettledCommand,
  type Surroundings,
} from "./state.ts";

/** A question that gathers targets until the end of the work: what is asked at one time is asked, and decided, as one. */
export interface OpenQuestion {
  readonly nonce: string;
  readonly targets: { readonly monitorId: string; readonly dataCentre: string }[];
  monitors: number;
}

/** What one call of `decide` gathers: it never leaves that call, so deciding stays pure. */
export interface Work {
  readonly now: number;
  readonly holders: Surroundings["holders"];
  instance: InstanceState;
  /** Events to be recorded, in order. */
  readonly events: InstanceEvent[];
  readonly questions: OpenQuestion[];
  /** Routes to be sent, by monitor id: the last one counts. */
  readonly writes: Map<string, RouteWrite>;
  readonly changed: Record<string, MonitorState | null>;
  /** What holds of the instance as a whole; made when first needed, after the event has been taken in. */
  moment: Moment | null;
  /** The rows, once they are this work's own copy. */
  rows: OwnRows | null;
  readonly replies: SettledCommand[];
  /** Makes an id from the event's randomness; every call gives another. */
  readonly newId: (prefix: string) => string;
}

/**
 * Begins the work on one event.
 *
 * @param instance the state before
 * @param surroundings clock, randomness and hearing of the shell
 */
export function beginWork(instance: InstanceState, surroundings: Surroundings): Work {
  let used = 0;
  const newId = (prefix: string) => {
    used += 1;
    return `${prefix}_${surroundings.entropy}${used.toString(36)}`;
  };
  return {
    now: surroundings.now,
    holders: surroundings.holders,
    instance: hearAgents(instance, surroundings.heard),
    events: [],
    questions: [],
    writes: new Map(),
    changed: {},
    replies: [],
    moment: null,
    rows: null,
    newId,
  };
}

/**
 * Takes in when each agent was last heard: pings are answered without an event, so this is known to the shell alone.
 *
 * @param instance the state
 * @param heard control plane's clock in ms by agent id
 */
export function hearAgents(instance: InstanceState, heard: Readonly<Record<string, number>>): InstanceState {
  let agents = instance.agents;
  for (const id in heard) {
    const agent = agents[id];
    const heardAtMs = heard[id] ?? 0;
    if (agent === undefined || heardAtMs <= agent.heardAtMs) continue;
    if (agents === instance.agents) agents = { ...agents };
    (agents as Record<string, typeof agent>)[id] = { ...agent, heardAtMs };
  }
  return agents === instance.agents ? instance : { ...instance, agents };
}

/** Ends the work: what the shell is to store, to do and to answer. */
export function endWork(work: Work): Decision {
  const effects: Effect[] = work.events.map((event) => ({ type: "record", event }));
  const agentIds = work.questions.length + work.writes.size === 0 ? [] : listConnected(work.instance);
  if (agentIds.length > 0) {
    for (const { nonce, targets } of work.questions) effects.push({ type: "ask", agentIds, nonce, targets });
    const writes = [...work.writes.values()];
    for (let at = 0; at < writes.length; at += FRAME_MONITORS_MAX) {
      effects.push({ type: "write-routes", agentIds, writes: writes.slice(at, at + FRAME_MONITORS_MAX) });
    }
  }
  return { state: work.instance, effects, changed: work.changed, replies: work.replies };
}

/** Puts a monitor's new row into the state and marks it for storing. */
export function setMonitor(work: Work, monitor: MonitorState): void {
  if (findMonitor(work.instance, monitor.id) === monitor) return;
  putRow(ownRows(work), monitor);
  work.changed[monitor.id] = monitor;
}

/** Takes a monitor's row away. */
export function dropMonitor(work: Work, monitorId: string): void {
  if (findMonitor(work.instance, monitorId) === undefined) return;
  takeRow(ownRows(work), monitorId);
  work.changed[monitorId] = null;
}

function ownRows(work: Work): OwnRows {
  if (work.rows === null) {
    work.rows = copyRows(work.instance.monitors);
    work.instance = { ...work.instance, monitors: work.rows };
  }
  return work.rows;
}

/** What holds of the instance as a whole, looked at once for each work. */
export function findMoment(work: Work): Moment {
  work.moment ??= createMoment(work.instance, work.now);
  return work.moment;
}

/**
 * Looks a monitor up as a case for the rules.
 *
 * @returns null for a monitor that is unknown or no longer planned
 */
export function findCase(work: Work, monitorId: string): Case | null {
  const monitor = findMonitor(work.instance, monitorId);
  const planned = findPlanned(work.instance, monitorId);
  if (monitor === undefined || planned === undefined) return null;
  return { instance: work.instance, planned, monitor, now: work.now, moment: findMoment(work) };
}

/** Answers an operator's command. */
export function answerCommand(
  work: Work,
  monitorId: string,
  idempotencyKey: string,
  reply: Reply,
  final: boolean,
): void {
  work.replies.push({ monitorId, idempotencyKey, reply, final });
}

/** Ids of the agents that a command can be sent to. */
export function listConnected(instance: InstanceState): string[] {
  return Object.values(instance.agents)
    .filter((agent) => agent.connected)
    .map((agent) => agent.id);
}
