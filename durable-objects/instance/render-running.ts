import { findMonitor } from "@evenkeel/core/arbitration/monitor-rows";
import type { InstanceState, Reply } from "@evenkeel/core/arbitration/state";

/**
 * Renders the answer to a command whose switch is still under way when the caller's patience ends.
 *
 * @param state the instance
 * @param monitorId the monitor
 * @returns the answer `running`; null if nothing is under way
 */
export function renderRunning(state: InstanceState | null, monitorId: string): Reply | null {
  const monitor = state === null ? undefined : findMonitor(state, monitorId);
  if (monitor === undefined || monitor.run === null) return null;
  const { run, route } = monitor;
  return {
    ok: true,
    result: {
      monitorId,
      status: "running",
      // A switch that is still being prechecked has no epoch of its own yet.
      epoch: run.epoch === 0 ? route.epoch : run.epoch,
      decision: run.decision,
      active: route.active,
      because: run.because,
    },
  };
}
