import {
  type Judgement,
  type Observation,
  type ProbeReason,
  REFUSAL_SPACING_MS,
  REFUSALS_NEEDED,
  type Verdict,
} from "@evenkeel/contracts/observation";
import type { Timing } from "@evenkeel/contracts/plan";

/** A run of failed probes on the observer's monotonic clock. */
interface TrackedRun {
  readonly sinceMs: number;
  readonly probes: number;
  readonly refusals: number;
  readonly lastRefusalMs: number;
}

/** What an agent keeps of one target between probes. Times are of its own monotonic clock, in milliseconds. */
export interface TargetTrack {
  readonly targetVersion: number;
  /** Null until the first probe has ended. */
  readonly judgement: Judgement | null;
  readonly endedAtMs: number;
  readonly latencyMs: number | null;
  readonly sawUp: boolean;
  readonly healthySinceMs: number | null;
  /** Successes in a row since the last failure. */
  readonly successes: number;
  readonly failing: TrackedRun | null;
  readonly freshLoginAtMs: number | null;
}

/** One ended probe. */
export interface EndedProbe {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly judgement: Judgement;
  /** True if it connected and logged in anew instead of using a kept session [SAFE-8]. */
  readonly fresh: boolean;
}

/** What counts as failure for one monitor. */
export interface TrackRules {
  readonly timing: Timing;
  readonly failOn: readonly Verdict[];
}

const REFUSAL_REASONS: readonly ProbeReason[] = ["refused", "closed", "reset"];

/**
 * Begins the track of a target version that nobody has probed yet.
 *
 * @param targetVersion version of address, TLS, user and database
 * @returns a track that is blind
 */
export function createTrack(targetVersion: number): TargetTrack {
  return {
    targetVersion,
    judgement: null,
    endedAtMs: 0,
    latencyMs: null,
    sawUp: false,
    healthySinceMs: null,
    successes: 0,
    failing: null,
    freshLoginAtMs: null,
  };
}

/**
 * Tells whether a verdict counts as failure under a monitor's policy [SAFE-5].
 *
 * @param verdict the plugin's verdict
 * @param failOn sub-healthy verdicts that the monitor counts as failure
 * @returns true for `down` and for what the policy names; never for `config`
 */
export function isFailure(verdict: Verdict, failOn: readonly Verdict[]): boolean {
  return verdict === "down" || (verdict !== "config" && failOn.includes(verdict));
}

/**
 * Adds an ended probe to a track. The run of failures begins when its first failing probe began, and ends after
 * `healthyThreshold` successes in a row.
 *
 * @param track what was known
 * @param probe what has ended
 * @param rules timing and policy of the monitor
 * @returns what is known now
 */
export function addProbe(track: TargetTrack, probe: EndedProbe, rules: TrackRules): TargetTrack {
  const failed = isFailure(probe.judgement.verdict, rules.failOn);
  return failed ? addFailure(track, probe) : addSuccess(track, probe, rules.timing.healthyThreshold);
}

function addFailure(track: TargetTrack, probe: EndedProbe): TargetTrack {
  const before = track.failing;
  const sinceMs = before?.sinceMs ?? probe.startedAtMs;
  const refused = REFUSAL_REASONS.includes(probe.judgement.reason);
  // Refusals that follow each other faster than the spacing are one piece of evidence, not several.
  const spaced =
    before === null || before.refusals === 0 || probe.endedAtMs - before.lastRefusalMs >= REFUSAL_SPACING_MS;
  const failing: TrackedRun = {
    sinceMs,
    probes: (before?.probes ?? 0) + 1,
    refusals: refused ? (before?.refusals ?? 0) + (spaced ? 1 : 0) : 0,
    lastRefusalMs: refused && spaced ? probe.endedAtMs : (before?.lastRefusalMs ?? 0),
  };
  return {
    ...track,
    judgement: probe.judgement,
    endedAtMs: probe.endedAtMs,
    healthySinceMs: null,
    successes: 0,
    failing,
  };
}

function addSuccess(track: TargetTrack, probe: EndedProbe, healthyThreshold: number): TargetTrack {
  const successes = track.successes + 1;
  const recovered = track.failing === null || successes >= healthyThreshold;
  const isUp = probe.judgement.verdict !== "config";
  return {
    ...track,
    judgement: probe.judgement,
    endedAtMs: probe.endedAtMs,
    latencyMs: probe.endedAtMs - probe.startedAtMs,
    sawUp: track.sawUp || isUp,
    successes,
    // Refusals count in a row only: an answer between them begins them anew, even when it does not end the run.
    failing: recovered || track.failing === null ? null : { ...track.failing, refusals: 0 },
    healthySinceMs: isUp && recovered ? (track.healthySinceMs ?? probe.startedAtMs) : null,
    freshLoginAtMs: probe.fresh && probe.judgement.verdict === "up" ? probe.endedAtMs : track.freshLoginAtMs,
  };
}

/**
 * Notes that a fresh connect and login beside the kept session succeeded [SAFE-8].
 *
 * @param track the track
 * @param atMs monotonic time of its end
 */
export function noteFreshLogin(track: TargetTrack, atMs: number): TargetTrack {
  return { ...track, freshLoginAtMs: atMs };
}

/** Where a run of failures stands, as far as a report is due for it. */
export type RunStage = "none" | "failing" | "refused" | "timed-out";

/**
 * Computes the stage of a track's run of failures at a moment.
 *
 * @param track the track
 * @param rules timing of the monitor
 * @param nowMs monotonic now
 * @returns `timed-out` once the run is as old as the monitor timeout and has enough probes; `refused` once it has
 *   the refusals that `fastRefuse` asks for
 */
export function computeRunStage(track: TargetTrack, rules: TrackRules, nowMs: number): RunStage {
  const run = track.failing;
  if (run === null) return "none";
  if (nowMs - run.sinceMs >= rules.timing.monitorTimeoutMs && run.probes >= rules.timing.unhealthyThreshold)
    return "timed-out";
  return rules.timing.fastRefuse && run.refusals >= REFUSALS_NEEDED ? "refused" : "failing";
}

/**
 * Computes when a track's run of failures reaches the monitor timeout, for the timer that reports it.
 *
 * @param track the track
 * @param rules timing of the monitor
 * @returns monotonic time in ms; null while the target answers
 */
export function computeTimeoutAt(track: TargetTrack, rules: TrackRules): number | null {
  return track.failing === null ? null : track.failing.sinceMs + rules.timing.monitorTimeoutMs;
}

/** Share of the interval that a target's turn may be early or late by, before another one is waited for. */
const LEEWAY_SHARE = 0.05;

/** When a target was probed last, on the observer's monotonic clock, in milliseconds. */
export interface ProbeTimes {
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** A moment at which it is the target's turn; it is again one interval later, and so on. */
  readonly turnMs: number;
}

/**
 * Computes when the next probe of a target is to begin: at its next turn. An agent gives its targets different turns, and
 * what made them all late, or one of them early, does not move them: else targets that once began together would burden
 * the machine together for ever.
 *
 * @param track the track after its last probe
 * @param rules timing of the monitor
 * @param times its last probe, and its turn
 * @returns monotonic time in ms; refusals are confirmed faster than the interval when `fastRefuse` is on, and a
 *   refusal of our account is retried once a minute at most so that it does not get locked [SAFE-5]
 */
export function computeNextProbeAt(
  track: TargetTrack,
  rules: TrackRules,
  { startedAtMs, nowMs, turnMs }: ProbeTimes,
): number {
  const { retryIntervalMs, fastRefuse } = rules.timing;
  if (mayLockAccount(track)) return startedAtMs + Math.max(retryIntervalMs, CONFIG_RETRY_MS);
  const run = track.failing;
  if (fastRefuse && run !== null && run.refusals > 0 && run.refusals < REFUSALS_NEEDED) {
    return Math.max(nowMs, run.lastRefusalMs + REFUSAL_SPACING_MS);
  }
  const leewayMs = retryIntervalMs * LEEWAY_SHARE;
  const earliestMs = Math.max(startedAtMs + leewayMs, nowMs - leewayMs);
  const turns = Math.ceil((earliestMs - turnMs) / retryIntervalMs);
  return Math.max(nowMs, turnMs + turns * retryIntervalMs);
}

/** A target that refuses our account is asked once a minute at most [SAFE-5]. */
export const CONFIG_RETRY_MS = 60_000;

/** Refusals that some engines answer with a locked account when they are repeated. */
const LOCKING: readonly ProbeReason[] = [
  "auth-failed",
  "permission-denied",
  "unknown-database",
  "no-credentials",
];

/**
 * Tells whether asking again soon could lock the monitor's account [SAFE-5].
 *
 * @param track the track after its last probe
 */
export function mayLockAccount(track: TargetTrack): boolean {
  return track.judgement?.verdict === "config" && LOCKING.includes(track.judgement.reason);
}

/**
 * Renders a track as it is sent: ages instead of times [SAFE-10].
 *
 * @param identity monitor and data centre
 * @param track the track
 * @param nowMs monotonic now
 * @returns the observation; null before the first probe has ended
 */
export function renderObservation(
  identity: { readonly monitorId: string; readonly dataCentre: string },
  track: TargetTrack,
  nowMs: number,
): Observation | null {
  if (track.judgement === null) return null;
  const age = (sinceMs: number) => Math.max(0, Math.round(nowMs - sinceMs));
  return {
    monitorId: identity.monitorId,
    dataCentre: identity.dataCentre,
    targetVersion: track.targetVersion,
    judgement: track.judgement,
    ageMs: age(track.endedAtMs),
    latencyMs: track.latencyMs,
    sawUp: track.sawUp,
    failing:
      track.failing === null
        ? null
        : {
            ageMs: age(track.failing.sinceMs),
            probes: track.failing.probes,
            refusals: track.failing.refusals,
          },
    healthyForMs: track.healthySinceMs === null ? null : age(track.healthySinceMs),
    freshLoginAgeMs: track.freshLoginAtMs === null ? null : age(track.freshLoginAtMs),
  };
}
