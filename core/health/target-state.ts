import type { TargetState } from "@evenkeel/contracts/live";
import type { TargetVerdict } from "./verdict.ts";

/** What the state of one data centre is computed from. */
export interface StateInput {
  readonly monitored: boolean;
  /** False when no agent of its site reaches a route store. */
  readonly storeReachable: boolean;
  readonly verdict: TargetVerdict["verdict"];
  /** Sites that hear it answer. */
  readonly upVotes: number;
  readonly healthPrecision: 1 | 2;
  /** True when an answer refuses our account or settings, and nobody is let in. */
  readonly misconfigured: boolean;
  /** True once somebody saw this target version up. */
  readonly everUp: boolean;
  /** True once somebody reported anything of this target version. */
  readonly everProbed: boolean;
  /** True when every failing observation is already as old as the monitor timeout. */
  readonly failedLong: boolean;
}

/**
 * Computes the state that people see for one data centre of a monitor.
 *
 * @param input what is known
 * @returns one of the five states, or `init` before the first report and `paused` when it is not monitored
 */
export function computeTargetState(input: StateInput): TargetState {
  if (!input.monitored) return "paused";
  if (!input.storeReachable) return "unreachable";
  if (!input.everProbed) return "init";
  if (input.misconfigured) return "misconfigured";
  if (input.verdict === "up") return input.upVotes >= input.healthPrecision ? "normal" : "abnormal";
  if (!input.everUp) return input.failedLong ? "init-failed" : "init";
  // Failing is not yet abnormal: the monitor timeout has not passed.
  return input.verdict === "down" ? "abnormal" : "normal";
}
