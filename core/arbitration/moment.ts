import { computeTrouble, type Trouble } from "./budget.ts";
import { type JudgedSites, judgeSites } from "./judge-sites.ts";
import type { InstanceState } from "./state.ts";

/** What holds of an instance as a whole at one moment: looked at once, however many monitors are evaluated. */
export interface Moment {
  /** Judged when first asked for. */
  sites(): JudgedSites;
  /** Computed when first asked for: it takes a look at every monitor. */
  trouble(): Trouble;
}

/**
 * Looks at an instance as a whole.
 *
 * @param instance the instance, with the event taken in
 * @param now control plane's clock in ms
 */
export function createMoment(instance: InstanceState, now: number): Moment {
  let trouble: Trouble | null = null;
  let sites: JudgedSites | null = null;
  return {
    sites() {
      sites ??= judgeSites(instance, now);
      return sites;
    },
    trouble() {
      trouble ??= computeTrouble(instance, now);
      return trouble;
    },
  };
}
