import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import type { Message } from "../language/words.ts";
import { STATE_WORDS } from "./state-look.ts";

/** A change worth saying aloud; `state` fills the blank `{state}` of the message. */
export interface Announcement {
  readonly message: Message;
  readonly state?: Message;
}

/** More changes than this at once are summed up: a screen reader that talks for minutes tells nothing. */
export const ANNOUNCEMENTS_MAX = 4;

/**
 * Lists what changed between two pictures, for screen readers.
 *
 * @param before the picture before
 * @param after the picture now
 */
export function listChanges(before: LiveView, after: LiveView): Announcement[] {
  const known = new Map(before.monitors.map((monitor) => [monitor.id, monitor]));
  const changes = after.monitors.flatMap((monitor) => {
    const old = known.get(monitor.id);
    return old === undefined ? [] : listMonitorChanges(old, monitor);
  });
  if (changes.length <= ANNOUNCEMENTS_MAX) return changes;
  const kept = changes.slice(0, ANNOUNCEMENTS_MAX - 1);
  const more = changes.length - kept.length;
  return [...kept, { message: { id: "announce.more", values: { more } } }];
}

function listMonitorChanges(before: LiveMonitor, after: LiveMonitor): Announcement[] {
  const { name } = after;
  const changes: Announcement[] = [];
  if (before.active !== after.active) {
    changes.push({
      message: { id: "announce.active", values: { name, dc: after.active, epoch: after.epoch } },
    });
  }
  for (const dc of after.dataCentres) {
    const old = before.dataCentres.find((one) => one.name === dc.name);
    if (old === undefined || old.state === dc.state) continue;
    changes.push({
      message: { id: "announce.state", values: { name, dc: dc.name } },
      state: { id: STATE_WORDS[dc.state] },
    });
  }
  if (before.switching === null && after.switching !== null) {
    changes.push({ message: { id: "announce.switching", values: { name, dc: after.switching.to } } });
  }
  return changes;
}
