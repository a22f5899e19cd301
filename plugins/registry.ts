import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import * as monitors from "./monitors.ts";

const BY_KIND: ReadonlyMap<string, MonitorPlugin> = new Map(Object.entries<MonitorPlugin>(monitors));

/** Every kind of monitor, in the order of the registry. */
export const MONITOR_KINDS: readonly string[] = [...BY_KIND.keys()];

/**
 * Finds the plugin of a kind.
 *
 * @param kind key of the registry
 * @returns the plugin; undefined for a kind that this version does not have
 */
export function findMonitorPlugin(kind: string): MonitorPlugin | undefined {
  return BY_KIND.get(kind);
}
