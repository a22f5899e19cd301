import type { AgentFrame } from "@evenkeel/contracts/agent-protocol";
import { isHeard } from "./sight.ts";
import type { Asking, Case, Effect, MonitorState } from "./state.ts";

/** A question as state and as effect. */
export interface NewQuestion {
  readonly asking: Asking;
  readonly effect: Effect;
}

/**
 * Asks all agents that are there for the present state of every data centre of a monitor [SAFE-4].
 *
 * @param subject the case
 * @param nonce random, new for each question
 * @returns the question and the effect that sends it
 */
export function ask(subject: Case, nonce: string): NewQuestion {
  const { instance, now, planned } = subject;
  const connected = Object.values(instance.agents).filter((agent) => agent.connected);
  const asking: Asking = {
    nonce,
    askedAtMs: now,
    deadlineMs: now + instance.plan.settings.confirmMs,
    // Agents that are silent get the question too, but nobody waits for them.
    asked: connected.filter((agent) => isHeard(agent, instance, now)).map((agent) => agent.id),
    answers: {},
    illness: {},
    reachableStores: [],
  };
  const targets = planned.dataCentres.map((dc) => ({ monitorId: planned.id, dataCentre: dc.name }));
  return { asking, effect: { type: "ask", agentIds: connected.map((agent) => agent.id), nonce, targets } };
}

/**
 * Takes an answer, if it answers the question under way; a late or foreign one changes nothing.
 *
 * @param monitor the monitor's row
 * @param agentId who answers
 * @param frame the answer
 * @returns the row
 */
export function takeAnswer(
  monitor: MonitorState,
  agentId: string,
  frame: Extract<AgentFrame, { type: "answer" }>,
): MonitorState {
  const asking = monitor.asking;
  if (asking === null || asking.nonce !== frame.nonce) return monitor;
  const mine = frame.observations.filter((observation) => observation.monitorId === monitor.id);
  const reachable = frame.stores.filter((store) => store.reachable).map((store) => store.store);
  return {
    ...monitor,
    asking: {
      ...asking,
      answers: { ...asking.answers, [agentId]: mine },
      illness: { ...asking.illness, [agentId]: frame.illness },
      reachableStores: [...new Set([...asking.reachableStores, ...reachable])],
    },
  };
}

/**
 * Tells whether a question needs no more waiting: everybody who is still connected has answered, or its time is over.
 *
 * @param asking the question
 * @param subject the case
 */
export function isAnswered(asking: Asking, subject: Case): boolean {
  if (subject.now >= asking.deadlineMs) return true;
  return asking.asked.every(
    (id) => asking.answers[id] !== undefined || subject.instance.agents[id]?.connected !== true,
  );
}
