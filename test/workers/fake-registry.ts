import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import * as kinds from "./fake-kinds.ts";

const BY_KIND: ReadonlyMap<string, MonitorPlugin> = new Map(Object.entries<MonitorPlugin>(kinds));

/** Finds the plugin of a made-up kind, as the registry does of real ones. */
export function findMonitorPlugin(kind: string): MonitorPlugin | undefined {
  return BY_KIND.get(kind);
}
