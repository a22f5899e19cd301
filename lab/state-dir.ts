import { join } from "node:path";

/**
 * Where a lab keeps its state.
 *
 * @param offset port offset: labs that run side by side have a directory each
 */
export function defaultStateDir(offset: number): string {
  return join(".state", offset === 0 ? "lab" : `lab-${offset}`);
}
