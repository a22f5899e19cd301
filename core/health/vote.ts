import type { Vote } from "@evenkeel/contracts/live";
import { type Observation, type ProbeReason, REFUSALS_NEEDED } from "@evenkeel/contracts/observation";
import type { PlannedMonitor } from "@evenkeel/contracts/plan";
import { isFailure } from "./track.ts";

/** What evidence stands behind a `down` vote. */
export type DownBy = "timeout" | "refusal";

/** One observer's vote. */
export interface AgentVote {
  readonly vote: Vote;
  /** Set for `down`. */
  readonly by: DownBy | null;
}

/** Votes without evidence are the same for everybody. */
const BLIND: AgentVote = { vote: "blind", by: null };
const UP: AgentVote = { vote: "up", by: null };
const ILL: AgentVote = { vote: "ill", by: null };
const FAILING: AgentVote = { vote: "failing", by: null };
const SILENT: AgentVote = { vote: "silent", by: null };
const ABSENT: AgentVote = { vote: "absent", by: null };

/** What makes an observer's vote count or not, beside its observation. */
export interface VoterCondition {
  readonly ill: boolean;
  readonly blinded: boolean;
}

/** Causes on the observer's own side: the target was not asked, so that it was heard neither alive nor dead [SAFE-2]. */
const UNASKED: readonly ProbeReason[] = ["bad-settings", "no-credentials", "name-not-found"];

/**
 * Computes one observer's vote on one target. Anything that answers is alive, even when it refuses us [SAFE-5];
 * failing becomes down only with the evidence of the monitor timeout or of confirmed refusals.
 *
 * @param observation what the observer reported; undefined: nothing of this target
 * @param condition whether it is ill or was found blind
 * @param planned the monitor with its timing and policy
 * @param targetVersion the version that counts; an observation of another is blind [SAFE-9]
 * @returns the vote
 */
export function computeAgentVote(
  observation: Observation | undefined,
  condition: VoterCondition,
  planned: PlannedMonitor,
  targetVersion: number,
): AgentVote {
  if (observation === undefined || observation.targetVersion !== targetVersion) return BLIND;
  const { verdict, reason } = observation.judgement;
  if (verdict === "config" && UNASKED.includes(reason)) return BLIND;
  // An answer is believed even from an ill observer, and before the healthy threshold is reached: it forbids a switch.
  if (!isFailure(verdict, planned.failOn)) return UP;
  if (condition.ill) return ILL;
  if (condition.blinded || !observation.sawUp) return BLIND;
  const by = computeDownEvidence(observation, planned);
  return by === null ? FAILING : { vote: "down", by };
}

/**
 * Computes which evidence an observation holds for `down`.
 *
 * @param observation a failing observation
 * @param planned the monitor
 * @returns the evidence, or null while there is none yet
 */
export function computeDownEvidence(observation: Observation, planned: PlannedMonitor): DownBy | null {
  const run = observation.failing;
  if (run === null) return null;
  const { monitorTimeoutMs, unhealthyThreshold, fastRefuse } = planned.timing;
  if (run.ageMs >= monitorTimeoutMs && run.probes >= unhealthyThreshold) return "timeout";
  return fastRefuse && run.refusals >= REFUSALS_NEEDED ? "refusal" : null;
}

/** The order in which the votes of a site's agents win: one that sees the target up outweighs all others. */
const STRENGTH: readonly Vote[] = ["up", "down", "failing", "ill", "blind"];

/**
 * Combines the votes of a site's connected agents into the site's vote.
 *
 * @param votes votes of the agents that are connected and heard
 * @param absenceCounts whether the absence of all of them may be counted as silence [SAFE-3]
 * @returns the site's vote, with the evidence of its down votes
 */
export function combineSiteVote(votes: readonly AgentVote[], absenceCounts: boolean): AgentVote {
  let strongest: AgentVote | null = null;
  for (const cast of votes) {
    if (strongest === null || STRENGTH.indexOf(cast.vote) < STRENGTH.indexOf(strongest.vote))
      strongest = cast;
  }
  return strongest ?? (absenceCounts ? SILENT : ABSENT);
}
