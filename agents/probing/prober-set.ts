import type { Observation } from "@evenkeel/contracts/observation";
import type { Plan, PlannedDataCentre, PlannedMonitor } from "@evenkeel/contracts/plan";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import type { SightOfTarget } from "@evenkeel/core/health/illness";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { type Clock, SYSTEM_CLOCK } from "../clock.ts";
import { loadDrivers } from "../drivers.ts";
import { type Unseal, withoutRecipients } from "../unseal.ts";
import { createProber } from "./create-prober.ts";
import { createHeartSet, type HeartbeatPorts } from "./monitor-heart.ts";
import { createWakes } from "./share-wakes.ts";
import { spreadTurn, type Turn } from "./spread-turn.ts";
import type { TargetProber } from "./target-prober.ts";

/** Everything that this agent probes. */
export interface ProberSet {
  /** Starts, keeps and stops probers so that they are those of the plan. */
  follow(plan: Plan): Promise<void>;
  /** Observations of the named targets; null: of all. */
  observe(targets: ReadonlySet<string> | null): Observation[];
  /** Probes the named targets at once. */
  probeNow(targets: ReadonlySet<string>): Promise<void>;
  /** A route may have changed: heartbeats that are no longer due where they are written stop at once. */
  lookAgain(): void;
  /** What is seen of each target, for self-doubt. */
  sights(): SightOfTarget[];
  stop(): void;
}

interface Entry {
  readonly site: string;
  /** What the prober was started from: if it changes, the prober is started anew. */
  readonly origin: string;
  readonly prober: TargetProber;
  /** The sealed secret that this agent could not open; null: it could. */
  readonly lockedBy: string | null;
}

/** The surroundings of the probers: the machine's, or a simulator's. */
export interface ProbingPorts {
  readonly clock: Clock;
  /** Finds the plugin of a kind of monitor. */
  readonly findPlugin: (kind: string) => MonitorPlugin | undefined;
  /** What heartbeats need; absent: none are written. */
  readonly heartbeats?: HeartbeatPorts;
}

const REAL: ProbingPorts = { clock: SYSTEM_CLOCK, findPlugin: findMonitorPlugin };

/** Key of a target within an agent. */
export function targetKey(monitorId: string, dataCentre: string): string {
  return `${monitorId}/${dataCentre}`;
}

/**
 * Makes the set of probers of one agent.
 *
 * @param unseal opens the credentials
 * @param onChange called with the target's key when something changed that the control plane has to know
 * @param ports clock and plugins
 */
export function createProberSet(
  unseal: Unseal,
  onChange: (target: string) => void,
  ports: ProbingPorts = REAL,
): ProberSet {
  const entries = new Map<string, Entry>();
  const hearts = createHeartSet(ports);
  const wakes = createWakes(ports.clock);

  async function start(key: string, { monitor, target, origin }: Wanted, turn: Turn): Promise<void> {
    const unsealed = await unseal(target.sealed);
    const plugin = ports.findPlugin(monitor.kind);
    if (plugin !== undefined) await loadDrivers(plugin);
    const prober = createProber(
      { monitor, target, unsealed, heart: hearts.find(monitor), turn },
      () => onChange(key),
      ports,
      wakes,
    );
    const lockedBy = unsealed.ok ? null : JSON.stringify(target.sealed);
    entries.set(key, { site: target.site, origin, prober, lockedBy });
    onChange(key);
  }

  return {
    async follow(plan) {
      hearts.keep(plan);
      const wanted = listWanted(plan);
      for (const [key, entry] of entries) {
        const next = wanted.get(key);
        const isUnlocked = entry.lockedBy !== null && JSON.stringify(next?.target.sealed) !== entry.lockedBy;
        if (next?.origin === entry.origin && !isUnlocked) continue;
        entries.delete(key);
        entry.prober.stop();
      }
      const starting = [...wanted].filter(([key]) => !entries.has(key));
      for (const [position, [key, next]] of starting.entries()) {
        const turn = spreadTurn(position, starting.length, next.monitor.timing.retryIntervalMs);
        await start(key, next, turn);
      }
    },
    observe(targets) {
      const chosen =
        targets === null ? [...entries.values()] : [...targets].flatMap((key) => entries.get(key) ?? []);
      return chosen.flatMap((entry) => entry.prober.observe() ?? []);
    },
    async probeNow(targets) {
      await Promise.all([...targets].map((key) => entries.get(key)?.prober.probeNow()));
    },
    lookAgain() {
      for (const entry of entries.values()) entry.prober.lookAgain?.();
    },
    sights() {
      return [...entries.values()].flatMap((entry) => {
        const seen = entry.prober.observe();
        return seen === null ? [] : [{ site: entry.site, failing: seen.failing !== null, sawUp: seen.sawUp }];
      });
    },
    stop() {
      for (const entry of entries.values()) entry.prober.stop();
      entries.clear();
    },
  };
}

/** What a plan wants probed, by key. */
interface Wanted {
  readonly monitor: PlannedMonitor;
  readonly target: PlannedDataCentre;
  /** See {@link Entry}. */
  readonly origin: string;
}

function listWanted(plan: Plan): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const monitor of plan.monitors) {
    if (!monitor.monitored) continue;
    for (const target of monitor.dataCentres) {
      // A secret that another agent was given too is no reason to begin anew.
      const described = { ...target, sealed: withoutRecipients(target.sealed) };
      const origin = JSON.stringify([monitor.kind, monitor.timing, monitor.failOn, described]);
      wanted.set(targetKey(monitor.id, target.name), { monitor, target, origin });
    }
  }
  return wanted;
}
