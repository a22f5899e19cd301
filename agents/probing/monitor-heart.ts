import type { Plan, PlannedMonitor } from "@evenkeel/contracts/plan";
import {
  agreeOnRoute,
  computeHeartbeatDuty,
  type HeartbeatDuty,
  type RouteWitness,
} from "@evenkeel/core/health/heartbeat";
import { computeRecoveryPoint, type HeartbeatLog, noteHeartbeat } from "@evenkeel/core/health/heartbeat-log";
import type { Clock } from "../clock.ts";

/** What the data centres of one monitor share: where heartbeats go, and which were begun. */
export interface MonitorHeart {
  /** What is to be done about a data centre now. */
  duty(dataCentre: string): HeartbeatDuty;
  /** Begins a heartbeat. @returns its number */
  begin(): number;
  /** What would be missing in a standby that holds this number; see `computeRecoveryPoint`. */
  recoveryPoint(held: number | null, pauseMs: number): number | null;
}

/**
 * Makes the heart of a monitor.
 *
 * @param listen who tells now where its writes go
 * @param clock its monotonic clock
 * @param ports the agent's
 */
export function createMonitorHeart(
  listen: () => readonly RouteWitness[],
  clock: Clock,
  { firstSeq, settleMs }: Pick<HeartbeatPorts, "firstSeq" | "settleMs">,
): MonitorHeart {
  let log: HeartbeatLog = [];
  let next = firstSeq();
  let agreed: { readonly on: string; readonly sinceMs: number } | null = null;
  return {
    duty(dataCentre) {
      const agreement = agreeOnRoute(listen());
      const nowMs = clock.now();
      if (agreement.type === "rest") agreed = null;
      else {
        const on = `${agreement.route.epoch} ${agreement.route.decision}`;
        if (agreed?.on !== on) agreed = { on, sinceMs: nowMs };
      }
      return computeHeartbeatDuty(agreement, nowMs - (agreed?.sinceMs ?? nowMs), dataCentre, settleMs);
    },
    begin() {
      const seq = next;
      next += 1;
      log = noteHeartbeat(log, seq, clock.now());
      return seq;
    },
    recoveryPoint: (held, pauseMs) => computeRecoveryPoint(log, held, clock.now(), pauseMs),
  };
}

/** What the heartbeats of an agent need. */
export interface HeartbeatPorts {
  /** Key of the rows that this agent writes: its id. */
  readonly source: string;
  /** Who tells now where the writes of a monitor go. */
  readonly listen: (monitor: Pick<PlannedMonitor, "id" | "applicationId">) => readonly RouteWitness[];
  /**
   * Number of a first heartbeat, larger than any of an earlier process: milliseconds since 1970 will do, because
   * heartbeats are further apart than a millisecond; the number is never compared with a clock.
   */
  readonly firstSeq: () => number;
  /** How long a route must have been agreed on; absent: `HEARTBEAT_SETTLE_MS`. */
  readonly settleMs?: number;
}

/** The hearts of an agent's monitors. */
export interface HeartSet {
  /** The heart of a monitor, which outlives its probers; null: this agent writes no heartbeats. */
  find(monitor: Pick<PlannedMonitor, "id" | "applicationId">): MonitorHeart | null;
  /** Forgets the monitors that are not planned any more. */
  keep(plan: Plan): void;
}

/**
 * Makes the set of hearts of one agent.
 *
 * @param ports clock, and what heartbeats need; absent: none are written
 */
export function createHeartSet(ports: {
  readonly clock: Clock;
  readonly heartbeats?: HeartbeatPorts;
}): HeartSet {
  const { clock, heartbeats } = ports;
  const hearts = new Map<string, MonitorHeart>();
  return {
    find({ id, applicationId }) {
      if (heartbeats === undefined) return null;
      const listen = () => heartbeats.listen({ id, applicationId });
      const heart = hearts.get(id) ?? createMonitorHeart(listen, clock, heartbeats);
      hearts.set(id, heart);
      return heart;
    },
    keep(plan) {
      const planned = new Set(plan.monitors.map(({ id }) => id));
      for (const id of hearts.keys()) if (!planned.has(id)) hearts.delete(id);
    },
  };
}
