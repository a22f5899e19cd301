import type { MonitorPlugin } from "@evenkeel/contracts/plugin";

/**
 * Loads a driver or Node module for a plugin. This is the only place that loads drivers, and it does so by name when a
 * target first needs one, so that neither the Worker's bundle nor an agent without such targets carries them.
 *
 * @param specifier package or `node:` module
 * @returns the module's namespace
 */
export async function loadDriver<Module>(specifier: string): Promise<Module> {
  return (await import(specifier)) as Module;
}

/**
 * Loads what a kind's sessions will load, so that no first probe spends its time on that: some drivers take half a
 * second. One that is missing is told by the probe itself.
 *
 * @param plugin the kind
 */
export async function loadDrivers({ drivers = [] }: MonitorPlugin): Promise<void> {
  await Promise.allSettled(drivers.map(loadDriver));
}
