import type { Observation } from "@evenkeel/contracts/observation";
import { computeTargetVerdict, type TargetVerdict } from "../health/verdict.ts";
import { type AgentVote, combineSiteVote, computeAgentVote } from "../health/vote.ts";
import type { AgentState, Case, InstanceState } from "./state.ts";

/** Multiple of the site time-out after which an incarnation may count agents as absent that it never saw [SAFE-3]. */
const UNSEEN_FACTOR = 3;

/**
 * Tells whether an agent is there: connected, and heard within the silence limit.
 *
 * @param agent the agent
 * @param instance the instance, for its settings
 * @param now control plane's clock in ms
 */
export function isHeard(agent: AgentState, instance: InstanceState, now: number): boolean {
  return agent.connected && now - agent.heardAtMs <= instance.plan.settings.silentAfterMs;
}

/** What computing a sight needs of a case. */
export type SightCase = Pick<Case, "instance" | "planned" | "monitor" | "now">;

/** What a set of observations says of one target. */
export interface Sight {
  readonly votes: Readonly<Record<string, AgentVote>>;
  readonly verdict: TargetVerdict;
}

/** Where the observations come from: the last reports, or the answers to the question under way. */
export type SightSource = "reports" | "answers";

/**
 * Computes what the sites say of one data centre of a monitor.
 *
 * @param subject the case
 * @param dataCentre the target's data centre
 * @param source `answers` counts nothing but answers with the nonce of the question under way [SAFE-4]
 * @returns the votes by site id and the verdict
 */
export function computeSight(subject: SightCase, dataCentre: string, source: SightSource): Sight {
  const target = subject.planned.dataCentres.find((dc) => dc.name === dataCentre);
  if (target === undefined) throw new Error(`monitor ${subject.planned.id} has no data centre ${dataCentre}`);
  const votes: Record<string, AgentVote> = {};
  const all = Object.values(subject.instance.agents);
  const find = source === "answers" ? findAnswer : findReport;
  for (const site of subject.instance.plan.sites) {
    const agents: AgentState[] = [];
    const cast: AgentVote[] = [];
    for (const agent of all) {
      if (agent.site !== site.id) continue;
      agents.push(agent);
      const sighting = find(subject, agent, dataCentre);
      if (sighting === null) continue;
      cast.push(computeAgentVote(sighting.observation, sighting, subject.planned, target.targetVersion));
    }
    votes[site.id] = combineSiteVote(cast, absenceCounts(subject.instance, agents, subject.now));
  }
  return { votes, verdict: computeTargetVerdict(votes, target.site) };
}

interface Sighting {
  readonly observation: Observation | undefined;
  readonly ill: boolean;
  readonly blinded: boolean;
}

function findReport(subject: SightCase, agent: AgentState, dataCentre: string): Sighting | null {
  if (!isHeard(agent, subject.instance, subject.now)) return null;
  const seen = subject.monitor.observations[agent.id]?.[dataCentre];
  return { observation: seen?.observation, ill: agent.illness !== null, blinded: seen?.blinded ?? false };
}

function findAnswer(subject: SightCase, agent: AgentState, dataCentre: string): Sighting | null {
  const asking = subject.monitor.asking;
  const answer = asking?.answers[agent.id];
  if (asking === null || answer === undefined) return null;
  return {
    observation: answer.find((observation) => observation.dataCentre === dataCentre),
    ill: (asking.illness[agent.id] ?? null) !== null,
    blinded: subject.monitor.observations[agent.id]?.[dataCentre]?.blinded ?? false,
  };
}

/**
 * Tells whether the absence of agents may be counted. A deploy or an eviction must not look like a lost site: absence
 * counts only for agents that this incarnation saw, or after a while [SAFE-3].
 *
 * @param instance the instance
 * @param agents the agents of one site
 * @param now control plane's clock in ms
 */
export function absenceCounts(instance: InstanceState, agents: readonly AgentState[], now: number): boolean {
  const old = now - instance.startedAtMs >= UNSEEN_FACTOR * instance.plan.settings.siteTimeoutMs;
  return old || (agents.length > 0 && agents.every((agent) => agent.seen));
}
