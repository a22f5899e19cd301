import type { Because, EventLevel, EventType, InstanceEvent, TimeMark } from "@evenkeel/contracts/event";
import type { PlannedMonitor } from "@evenkeel/contracts/plan";
import type {
  Case,
  Decision,
  Effect,
  InstanceState,
  MonitorState,
  Reply,
  SettledCommand,
  Surroundings,
} from "./state.ts";

/** What one call of `decide` gathers: it never leaves that call, so deciding stays pure. */
export interface Work {
  readonly now: number;
  instance: InstanceState;
  readonly effects: Effect[];
  readonly changed: Record<string, MonitorState | null>;
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
    instance: hearAgents(instance, surroundings.heard),
    effects: [],
    changed: {},
    replies: [],
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
  const agents = Object.fromEntries(
    Object.entries(instance.agents).map(([id, agent]) => {
      const heardAtMs = Math.max(agent.heardAtMs, heard[id] ?? 0);
      return [id, heardAtMs === agent.heardAtMs ? agent : { ...agent, heardAtMs }];
    }),
  );
  return { ...instance, agents };
}

/** Ends the work: what the shell is to store, to do and to answer. */
export function endWork(work: Work): Decision {
  return { state: work.instance, effects: work.effects, changed: work.changed, replies: work.replies };
}

/** Puts a monitor's new row into the state and marks it for storing. */
export function setMonitor(work: Work, monitor: MonitorState): void {
  if (work.instance.monitors[monitor.id] === monitor) return;
  work.instance = { ...work.instance, monitors: { ...work.instance.monitors, [monitor.id]: monitor } };
  work.changed[monitor.id] = monitor;
}

/**
 * Looks a monitor up as a case for the rules.
 *
 * @returns null for a monitor that is unknown or no longer planned
 */
export function findCase(work: Work, monitorId: string): Case | null {
  const monitor = work.instance.monitors[monitorId];
  const planned = findPlanned(work.instance, monitorId);
  if (monitor === undefined || planned === undefined) return null;
  return { instance: work.instance, planned, monitor, now: work.now };
}

/** Finds a monitor in the plan. */
export function findPlanned(instance: InstanceState, monitorId: string): PlannedMonitor | undefined {
  return instance.plan.monitors.find((monitor) => monitor.id === monitorId);
}

/** What `recordEvent` needs to know beside the sentence. */
export interface EventFacts {
  readonly type: EventType;
  readonly level: EventLevel;
  readonly because: Because;
  readonly monitorId?: string;
  readonly dataCentre?: string;
  readonly decision?: string;
  readonly epoch?: number;
  readonly timeLine?: readonly TimeMark[];
}

/** Adds an event to what is recorded in the same transaction as the state. */
export function recordEvent(work: Work, facts: EventFacts): void {
  const event: InstanceEvent = {
    id: work.newId("evt"),
    atMs: work.now,
    type: facts.type,
    level: facts.level,
    monitorId: facts.monitorId ?? null,
    dataCentre: facts.dataCentre ?? null,
    because: facts.because,
    decision: facts.decision ?? null,
    epoch: facts.epoch ?? null,
    timeLine: [...(facts.timeLine ?? [])],
  };
  work.effects.push({ type: "record", event });
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
