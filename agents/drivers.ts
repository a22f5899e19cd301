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
