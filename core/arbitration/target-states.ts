import type { EventLevel } from "@evenkeel/contracts/event";
import type { TargetState } from "@evenkeel/contracts/live";
import type { Judgement, Observation } from "@evenkeel/contracts/observation";
import type { PlannedDataCentre } from "@evenkeel/contracts/plan";
import { because, type SentenceId } from "@evenkeel/contracts/sentences";
import { computeTargetState } from "../health/target-state.ts";
import { computeDownEvidence } from "../health/vote.ts";
import { recordEvent } from "./record-event.ts";
import { computeSight, isHeard, type Sight } from "./sight.ts";
import type { Case } from "./state.ts";
import { findCase, setMonitor, type Work } from "./work.ts";

/** One data centre of a monitor as people see it. */
export interface ShownTarget {
  readonly state: TargetState;
  readonly sight: Sight;
  /** The judgement that speaks for the state; null before the first report. */
  readonly judgement: Judgement | null;
  /** Observations of this target version by agents that are there. */
  readonly observations: readonly Observation[];
  /** Longest unbroken health that one of them knows of, in ms up to now; null while nobody does. */
  readonly healthyForMs: number | null;
}

/**
 * Computes what people see of one data centre.
 *
 * @param subject the case
 * @param target the data centre
 */
export function computeShownTarget(subject: Case, target: PlannedDataCentre): ShownTarget {
  const { instance, monitor, planned, now } = subject;
  const sight = computeSight(subject, target.name, "reports");
  const heard = Object.values(instance.agents).filter((agent) => isHeard(agent, instance, now));
  const own = heard.filter((agent) => agent.site === target.site);
  const observations: Observation[] = [];
  let healthyForMs: number | null = null;
  // Its own site speaks first.
  for (const agent of own.length === heard.length
    ? own
    : [...own, ...heard.filter((one) => one.site !== target.site)]) {
    const found = monitor.observations[agent.id]?.[target.name];
    if (found === undefined || found.observation.targetVersion !== target.targetVersion) continue;
    const { observation, receivedAtMs } = found;
    observations.push(observation);
    if (observation.healthyForMs === null) continue;
    healthyForMs = Math.max(healthyForMs ?? 0, observation.healthyForMs + Math.max(0, now - receivedAtMs));
  }
  const upVotes = observations.filter((observation) => observation.failing === null);
  const welcome = upVotes.filter((observation) => observation.judgement.verdict !== "config");
  const state = computeTargetState({
    monitored: planned.monitored,
    storeReachable: !planned.switchable || own.length === 0 || own.some(reachesStore),
    verdict: sight.verdict.verdict,
    upVotes: welcome.length,
    healthPrecision: planned.timing.healthPrecision,
    misconfigured: welcome.length === 0 && upVotes.length > 0,
    everUp: monitor.proven[target.name] === target.targetVersion || observations.some((one) => one.sawUp),
    everProbed: observations.length > 0,
    failedLong: observations.every((one) => computeDownEvidence(one, planned) !== null),
  });
  return { state, sight, judgement: pickJudgement(state, observations, welcome), observations, healthyForMs };
}

function reachesStore(agent: { readonly stores: readonly { readonly reachable: boolean }[] }): boolean {
  // An agent that has not reported yet is not known to be cut off.
  return agent.stores.length === 0 || agent.stores.some((store) => store.reachable);
}

function pickJudgement(
  state: TargetState,
  observations: readonly Observation[],
  welcome: readonly Observation[],
): Judgement | null {
  const preferred =
    state === "normal" ? (welcome[0] ?? observations[0]) : observations.find((one) => one.failing !== null);
  return (preferred ?? observations[0])?.judgement ?? null;
}

/**
 * Records an event for every data centre whose state has changed since it was last shown.
 *
 * @param work the work
 * @param monitorId the monitor
 */
export function showStates(work: Work, monitorId: string): void {
  const subject = findCase(work, monitorId);
  if (subject === null) return;
  const { monitor, planned } = subject;
  const shown: Record<string, TargetState> = {};
  for (const target of planned.dataCentres) {
    const { state, judgement, sight } = computeShownTarget(subject, target);
    shown[target.name] = state;
    const before = monitor.shown[target.name];
    if (before === state || (before === undefined && state === "init")) continue;
    recordEvent(work, {
      type: "state-changed",
      level: levelOf(state),
      because: because(nameSentence(state, sight), { dc: target.name, words: judgement?.words ?? "" }),
      monitorId,
      dataCentre: target.name,
    });
  }
  const isSame = planned.dataCentres.every(({ name }) => monitor.shown[name] === shown[name]);
  if (!isSame || Object.keys(monitor.shown).length !== planned.dataCentres.length)
    setMonitor(work, { ...monitor, shown });
}

/** With health precision 2 a target that answers one site only is abnormal, and its own words would say the contrary. */
function nameSentence(state: TargetState, sight: Sight): SentenceId {
  if (state === "abnormal" && sight.verdict.verdict === "up") return "state-one-observer";
  return `state-${state}`;
}

function levelOf(state: TargetState): EventLevel {
  switch (state) {
    case "abnormal":
      return "critical";
    case "init-failed":
    case "misconfigured":
    case "unreachable":
      return "major";
    case "normal":
    case "init":
    case "paused":
      return "info";
  }
}
