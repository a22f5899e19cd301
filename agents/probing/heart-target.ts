import type { HeartbeatPlugin, HeartbeatSession } from "@evenkeel/contracts/heartbeat-plugin";
import type { Heartbeat } from "@evenkeel/contracts/observation";
import type { Timing } from "@evenkeel/contracts/plan";
import { gradeRecoveryPoint } from "@evenkeel/core/health/heartbeat-log";
import { loadDriver } from "../drivers.ts";
import type { MonitorHeart } from "./monitor-heart.ts";

/** The heartbeats of one data centre of a monitor. */
export interface TargetHeart {
  /** What is known now. */
  state(): Heartbeat;
  /** The route may have changed: a write in flight is given up at once if it is no longer due here. */
  lookAgain(): void;
  /** The probe lost the server: what the heartbeat waits for is as lost. */
  renew(): void;
  stop(): void;
}

/** What heartbeats need to know. */
export interface HeartTarget {
  readonly plugin: HeartbeatPlugin;
  readonly settings: Record<string, unknown>;
  readonly timing: Timing;
  readonly dataCentre: string;
  readonly monitor: MonitorHeart;
  /** Key of the row: who writes. */
  readonly source: string;
  /** Its turn among those that begin with it, in milliseconds: a thousand at once would delay each other. */
  readonly firstAfterMs: number;
  /** Whether the probe hears the server; one that is gone is not asked to write. */
  readonly isHeard: () => boolean;
  /** Called when something changed that the control plane has to know. */
  readonly onChange: () => void;
}

/** A call that was answered with an error, or not at all. */
export type HeartbeatFailure = Parameters<HeartbeatPlugin["judge"]>[0];

/**
 * What of a heartbeat the control plane is to know at once when it changes.
 *
 * @param heartbeat what is known
 * @param intervalMs time between two heartbeats
 */
export function summarise({ writable, reason, code, rpoMs }: Heartbeat, intervalMs: number): string {
  return `${writable} ${reason} ${code} ${gradeRecoveryPoint(rpoMs, intervalMs)}`;
}

/**
 * Opens a session of the heartbeat account, which connects with its first call.
 *
 * @param target whose
 */
export function openHeart({ plugin, settings, timing, source }: HeartTarget): HeartbeatSession {
  const { accessTimeoutMs } = timing;
  return plugin.open(settings, { load: loadDriver, onClosed: () => undefined, accessTimeoutMs }, source);
}

/** What is known before anything was tried. */
export const UNKNOWN: Omit<Heartbeat, "rpoMs"> = { writable: null };
