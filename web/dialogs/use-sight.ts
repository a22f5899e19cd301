import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import { useState } from "react";
import { compareSight, type Sight, takeSight } from "../model/offer-commands.ts";
import type { Outcome } from "../model/outcome.ts";

/** What a person decides on, and whether it still holds. */
export interface SightState {
  readonly sight: Sight;
  /** The monitor as it is now; null if it is gone. */
  readonly current: LiveMonitor | null;
  readonly changed: boolean;
  /** Takes the present state as what the person saw. */
  look(): void;
}

/**
 * Freezes what a person saw when a dialog opened, and notices when it does not hold any more.
 *
 * @param view the present picture
 * @param monitor the monitor when the dialog opened
 * @param outcome the dialog's last attempt
 * @param busy an order is on its way: it changes the state itself, which is no surprise
 */
export function useSight(
  view: LiveView,
  monitor: LiveMonitor,
  outcome: Outcome | null,
  busy: boolean,
): SightState {
  const [sight, setSight] = useState(() => takeSight(monitor));
  const current = view.monitors.find(({ id }) => id === sight.monitorId) ?? null;
  const refusedAsStale = outcome?.type === "refused" && outcome.code === "state-changed";
  return {
    sight,
    current,
    changed: !busy && (refusedAsStale || compareSight(sight, view) === "changed"),
    look: () => {
      if (current !== null) setSight(takeSight(current));
    },
  };
}
