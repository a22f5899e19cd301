import type { LiveMonitor, TargetState } from "@evenkeel/contracts/live";

/** What a person looks for among the monitors. */
export interface MonitorFilter {
  /** Part of a name, in any case. */
  readonly text: string;
  /** Only this state; null: all. */
  readonly state: TargetState | null;
  /** Only this kind; null: all. */
  readonly kind: string | null;
}

/** Nothing is filtered. */
export const NO_FILTER: MonitorFilter = { text: "", state: null, kind: null };
/** With so many monitors or fewer all are on the screen and nobody needs to search. */
export const FILTER_ABOVE = 10;
/** With so many monitors or fewer each is shown in full. */
export const UNFOLD_UP_TO = 4;

/**
 * Chooses the monitors to be shown. The order never changes, so that no button moves under a hand.
 *
 * @param monitors all monitors
 * @param filter what is looked for
 */
export function filterMonitors(monitors: readonly LiveMonitor[], filter: MonitorFilter): LiveMonitor[] {
  const text = filter.text.trim().toLowerCase();
  return monitors.filter(
    (monitor) =>
      (text === "" || monitor.name.toLowerCase().includes(text)) &&
      (filter.state === null || monitor.state === filter.state) &&
      (filter.kind === null || monitor.kind === filter.kind),
  );
}

/**
 * Counts the monitors in each state.
 *
 * @param monitors all monitors
 * @returns the count by state; states that no monitor is in are absent
 */
export function countStates(monitors: readonly LiveMonitor[]): ReadonlyMap<TargetState, number> {
  const counts = new Map<TargetState, number>();
  for (const { state } of monitors) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/**
 * Whether a monitor needs a person's eye: it is unfolded and counted in the page's title.
 *
 * @param monitor the monitor
 */
export function needsAttention(monitor: LiveMonitor): boolean {
  const calm = monitor.state === "normal" || monitor.state === "paused";
  return !calm || monitor.marks.length > 0 || monitor.switching !== null || monitor.owedStores.length > 0;
}
