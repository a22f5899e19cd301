import type { SwitchRun } from "./state.ts";

/**
 * When an announced switch goes on although not everybody is ready.
 *
 * @param run the announcement
 * @returns control plane's clock in ms
 */
export function computeAnnouncementEnd({ startedAtMs, announcedMs = 0 }: SwitchRun): number {
  return startedAtMs + announcedMs;
}
