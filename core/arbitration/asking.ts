import { type AgentFrame, OBSERVATIONS_MAX } from "@evenkeel/contracts/agent-protocol";
import type { Observation } from "@evenkeel/contracts/observation";
import { isHeard } from "./sight.ts";
import {
  type Asking,
  type Case,
  FRAME_MONITORS_MAX,
  type MonitorState,
  type QuestionSubject,
} from "./state.ts";
import { type OpenQuestion, setMonitor, type Work } from "./work.ts";

/**
 * Asks all agents that are there for the present state of every data centre of a monitor [SAFE-4]. Whatever is asked in
 * one turn shares one question, so that it is answered, and decided, as one.
 *
 * @param work the work
 * @param subject the case
 * @param about what the question is about
 * @returns the monitor's row with its question
 */
export function ask(work: Work, subject: Case, about: QuestionSubject): MonitorState {
  const { instance, now, planned } = subject;
  const open = work.questions.at(-1);
  const question =
    open !== undefined && hasRoom(open, planned.dataCentres.length)
      ? open
      : { nonce: work.newId("ask"), targets: [], monitors: 0 };
  if (question !== open) work.questions.push(question);
  question.monitors += 1;
  for (const { name } of planned.dataCentres) {
    question.targets.push({ monitorId: planned.id, dataCentre: name });
  }
  const asking: Asking = {
    nonce: question.nonce,
    about,
    askedAtMs: now,
    deadlineMs: now + instance.plan.settings.confirmMs,
    // Agents that are silent get the question too, but nobody waits for them.
    asked: Object.values(instance.agents)
      .filter((agent) => isHeard(agent, instance, now))
      .map((agent) => agent.id),
    answers: {},
    illness: {},
    links: {},
    reachableStores: [],
  };
  const asked = { ...subject.monitor, asking };
  setMonitor(work, asked);
  return asked;
}

function hasRoom({ monitors, targets }: OpenQuestion, more: number): boolean {
  return monitors < FRAME_MONITORS_MAX && targets.length + more <= OBSERVATIONS_MAX;
}

/**
 * Takes an answer, if it answers the question under way; a late or foreign one changes nothing.
 *
 * @param monitor the monitor's row
 * @param agentId who answers
 * @param frame the answer
 * @param mine what it says of this monitor
 * @returns the row
 */
export function takeAnswer(
  monitor: MonitorState,
  agentId: string,
  frame: Extract<AgentFrame, { type: "answer" }>,
  mine: readonly Observation[],
): MonitorState {
  const asking = monitor.asking;
  if (asking === null || asking.nonce !== frame.nonce) return monitor;
  const reachable = frame.stores.filter((store) => store.reachable).map((store) => store.store);
  return {
    ...monitor,
    asking: {
      ...asking,
      answers: { ...asking.answers, [agentId]: mine },
      illness: { ...asking.illness, [agentId]: frame.illness },
      links: { ...asking.links, [agentId]: frame.links },
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
