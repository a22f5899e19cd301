import type { PlannedDataCentre, PlannedMonitor } from "@evenkeel/contracts/plan";
import type { Unsealed } from "../unseal.ts";
import type { MonitorHeart } from "./monitor-heart.ts";
import type { ProbingPorts } from "./prober-set.ts";
import { createRefusedProber } from "./refused-prober.ts";
import type { Wakes } from "./share-wakes.ts";
import type { Turn } from "./spread-turn.ts";
import { startTargetProber, type TargetProber } from "./target-prober.ts";

/** What is to be probed. */
export interface PlannedTarget {
  readonly monitor: PlannedMonitor;
  readonly target: PlannedDataCentre;
  readonly unsealed: Unsealed;
  /** What its data centres share; null: this agent writes no heartbeats. */
  readonly heart: MonitorHeart | null;
  /** When it begins, among those that begin with it. */
  readonly turn: Turn;
}

/**
 * Makes the prober of a planned target; one that cannot be probed says why.
 *
 * @param planned what is to be probed
 * @param onChange called when something changed that the control plane has to know
 * @param ports the plugins
 * @param wakes the agent's wake-ups
 */
export function createProber(
  { monitor, target, unsealed, heart, turn }: PlannedTarget,
  onChange: () => void,
  { findPlugin, heartbeats }: Pick<ProbingPorts, "findPlugin" | "heartbeats">,
  wakes: Wakes,
): TargetProber {
  const identity = { monitorId: monitor.id, dataCentre: target.name, targetVersion: target.targetVersion };
  const plugin = findPlugin(monitor.kind);
  if (plugin === undefined) {
    const words = `this agent knows no monitors of kind ${monitor.kind}; bring it up to the control plane's version`;
    return createRefusedProber(identity, { verdict: "config", reason: "bad-settings", words });
  }
  if (!unsealed.ok) {
    const { words } = unsealed;
    return createRefusedProber(identity, { verdict: "config", reason: "no-credentials", words });
  }
  const settings = { ...target.config, ...unsealed.secret };
  const rules = { timing: monitor.timing, failOn: monitor.failOn };
  const source = heartbeats?.source;
  const beats = heart === null || source === undefined ? {} : { heart: { monitor: heart, source } };
  return startTargetProber({ ...identity, plugin, settings, rules, ...beats }, onChange, wakes, turn);
}
