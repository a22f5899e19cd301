import type { RangeReading, StoreChange } from "@evenkeel/contracts/route-store";

/** What a watch has delivered so far: key to revision of its last change, and the newest revision of all. */
export interface Delivered {
  /** Starts anew from a reading. */
  restart(reading: RangeReading): void;
  /** Takes the changes that are newer than all before; the others have been delivered already. @returns the new ones */
  take(changes: readonly StoreChange[]): readonly StoreChange[];
  /** The newest revision that was delivered; a watch resumes at the next one. */
  revision(): number;
  /** Compares with a reading of the range. @returns number of keys that the watch has not delivered as they stand */
  countMissing(reading: RangeReading): number;
}

/**
 * Keeps the revisions of what a watch delivered, to resume without gap or repeat and to find out if something is missing.
 *
 * @returns an empty record
 */
export function createDelivered(): Delivered {
  const revisions = new Map<string, number>();
  let newest = 0;
  return {
    restart(reading) {
      revisions.clear();
      for (const entry of reading.entries) revisions.set(entry.key, entry.modRevision);
      newest = reading.revision;
    },
    take(changes) {
      // One transaction changes several keys under one revision, so the limit is what stood before this batch.
      const before = newest;
      const fresh = changes.filter((change) => change.modRevision > before);
      for (const change of fresh) {
        if (change.value === null) revisions.delete(change.key);
        else revisions.set(change.key, change.modRevision);
        newest = Math.max(newest, change.modRevision);
      }
      return fresh;
    },
    revision: () => newest,
    countMissing(reading) {
      const standing = new Set<string>();
      let missing = 0;
      for (const entry of reading.entries) {
        standing.add(entry.key);
        if ((revisions.get(entry.key) ?? 0) < entry.modRevision) missing += 1;
      }
      for (const [key, revision] of revisions) {
        // A key that we know from after the reading cannot be in it.
        if (!standing.has(key) && revision <= reading.revision) missing += 1;
      }
      return missing;
    },
  };
}
