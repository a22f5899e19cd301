import type { RangeReading, StoreWatch, WatchListener, WatchOptions } from "@evenkeel/contracts/route-store";
import {
  type Group,
  type SharedSource,
  type Sharer,
  tellChanges,
  tellConnected,
  tellReading,
} from "./watch-group.ts";

/** A group and its one watch. */
interface Standing {
  readonly group: Group;
  readonly watch: StoreWatch;
}

/**
 * Lets watches of the same prefix, beats and poll share one stream: a process with a thousand of them costs the store one.
 * Whoever comes later gets a reading of its own, not older than its coming, and every change after that.
 *
 * @param source the store
 * @returns the store's `watch`
 */
export function shareWatches(
  source: SharedSource,
): (prefix: string, listener: WatchListener, options: WatchOptions) => StoreWatch {
  const groups = new Map<string, Standing>();
  return (prefix, listener, options) => {
    const id = JSON.stringify([prefix, options.beatPrefix, options.pollMs]);
    const sharer: Sharer = { listener, closed: false, connected: null, readAt: null, early: [] };
    const standing = groups.get(id) ?? open(source, prefix, sharer, options);
    groups.set(id, standing);
    standing.group.sharers.add(sharer);
    if (standing.group.sharers.size > 1) void admit(standing.group);
    return {
      close() {
        sharer.closed = true;
        const isLast = standing.group.sharers.delete(sharer) && standing.group.sharers.size === 0;
        if (!isLast) return;
        groups.delete(id);
        standing.watch.close();
      },
    };
  };
}

/** The first one's first reading is that of the watch. */
function open(source: SharedSource, prefix: string, first: Sharer, options: WatchOptions): Standing {
  const group: Group = {
    source,
    prefix,
    sharers: new Set(),
    connected: null,
    failure: undefined,
    isReading: false,
    readings: 0,
  };
  const each = (act: (sharer: Sharer) => void): void => {
    for (const sharer of [...group.sharers]) act(sharer);
  };
  const listener: WatchListener = {
    onReading(reading) {
      group.readings += 1;
      each((sharer) => {
        sharer.early.length = 0;
        if (sharer === first || sharer.readAt !== null) tellReading(group, sharer, reading);
      });
    },
    onChanges: (changes) => each((sharer) => tellChanges(group, sharer, changes)),
    onConnected(connected, failure) {
      group.connected = connected;
      group.failure = failure;
      // Whoever has no reading yet hears of a connection with it, and of a failure at once.
      each((sharer) => {
        if (sharer.readAt !== null || !connected) tellConnected(group, sharer, connected, failure);
      });
    },
  };
  return { group, watch: source.start(prefix, listener, options) };
}

/** Reads for all who have come and have no reading, until there is nobody left. */
async function admit(group: Group): Promise<void> {
  const { source } = group;
  if (group.isReading) return;
  group.isReading = true;
  let failuresInRow = 0;
  for (;;) {
    const waiting = [...group.sharers].filter((sharer) => sharer.readAt === null);
    if (waiting.length === 0 || source.closing.aborted) break;
    const { readings } = group;
    const result = await source.read(group.prefix);
    if (source.closing.aborted) break;
    if (!result.ok) {
      for (const sharer of waiting) if (sharer.readAt === null) tellConnected(group, sharer, false, result);
      await source.pauseAfter(result, failuresInRow);
      failuresInRow += 1;
    } else if (readings === group.readings) {
      for (const sharer of waiting) admitOne(group, sharer, result.value);
    }
  }
  group.isReading = false;
}

function admitOne(group: Group, sharer: Sharer, reading: RangeReading): void {
  if (sharer.closed || sharer.readAt !== null) return;
  tellReading(group, sharer, reading);
  tellChanges(group, sharer, sharer.early.splice(0));
  if (group.connected !== null) tellConnected(group, sharer, group.connected, group.failure);
}
