import { type MonitorUpdate, MonitorView } from "@evenkeel/contracts/api";
import type { MaintenanceWindow } from "@evenkeel/contracts/plan";
import { instancePath } from "./instances.ts";
import { type Answer, askApi, askText } from "./request.ts";

/**
 * Gets the settings of a monitor.
 *
 * @param instanceId the instance
 * @param monitorId the monitor
 */
export function fetchMonitor(instanceId: string, monitorId: string): Promise<Answer<MonitorView>> {
  return askApi({ method: "GET", path: monitorPath(instanceId, monitorId), answer: MonitorView });
}

/**
 * Changes the maintenance windows of a monitor. The API takes the whole list, so that the change is made on the list as
 * it is now and not as it was when a dialog opened: what somebody else planned meanwhile stays.
 *
 * @param instanceId the instance
 * @param monitorId the monitor
 * @param change makes the new list of the present one
 * @returns the settings after the change, or why there was none
 */
export function changeWindows(
  instanceId: string,
  monitorId: string,
  change: (windows: readonly MaintenanceWindow[]) => MaintenanceWindow[],
): Promise<Answer<MonitorView>> {
  return changeMonitor(instanceId, monitorId, ({ windows }) => ({ windows: change(windows) }));
}

/**
 * Changes settings of a monitor as they are now.
 *
 * @param instanceId the instance
 * @param monitorId the monitor
 * @param change makes what is to be changed of the present settings
 * @returns the settings after the change, or why there was none
 */
export async function changeMonitor(
  instanceId: string,
  monitorId: string,
  change: (before: MonitorView) => MonitorUpdate,
): Promise<Answer<MonitorView>> {
  const before = await fetchMonitor(instanceId, monitorId);
  if (!before.ok) return before;
  const body = change(before.value);
  return askApi({ method: "PATCH", path: monitorPath(instanceId, monitorId), body, answer: MonitorView });
}

/**
 * Gets the SDK configuration of a monitor.
 *
 * @param instanceId the instance
 * @param monitorId the monitor
 * @param query where the process runs, and what differs from what is stored
 * @returns YAML
 */
export function fetchSdkConfig(
  instanceId: string,
  monitorId: string,
  query: string,
): Promise<Answer<string>> {
  return askText(`${monitorPath(instanceId, monitorId)}/sdk-config?${query}`);
}

function monitorPath(instanceId: string, monitorId: string): string {
  return instancePath(instanceId, `/monitors/${encodeURIComponent(monitorId)}`);
}
