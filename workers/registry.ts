import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import * as monitors from "@evenkeel/plugins/monitors";
import { refuseInput } from "./validation.ts";

const PLUGINS: ReadonlyMap<string, MonitorPlugin> = new Map(
  Object.values<MonitorPlugin>(monitors).map((plugin) => [plugin.kind, plugin]),
);

/** Every kind of monitor, in the order of the registry. */
export const KINDS: readonly string[] = [...PLUGINS.keys()];

/**
 * Finds the plugin of a kind that a caller named.
 *
 * @param kind what the caller sent
 * @param path where it stands in the request
 * @returns the plugin
 * @throws AppError invalid-input listing the kinds that exist
 */
export function findPlugin(kind: string, path: string): MonitorPlugin {
  const plugin = PLUGINS.get(kind);
  if (plugin === undefined) throw refuseInput([{ path, expected: `must be one of ${KINDS.join(", ")}` }]);
  return plugin;
}

/**
 * Finds the plugin of a stored monitor.
 *
 * @param kind kind in the catalogue
 * @returns the plugin; undefined for a kind that this version does not have
 */
export function lookUpPlugin(kind: string): MonitorPlugin | undefined {
  return PLUGINS.get(kind);
}
