import type {
  RangeReading,
  StoreChange,
  StoreFailure,
  StoreResult,
  StoreWatch,
  WatchListener,
  WatchOptions,
} from "@evenkeel/contracts/route-store";

/** Changes that are kept for a newcomer while it is read for; beyond them the reading is begun anew. */
const EARLY_MAX = 10_000;

/** What sharing needs of its store. */
export interface SharedSource {
  /** Starts a watch of its own; its listener must not throw. */
  readonly start: (prefix: string, listener: WatchListener, options: WatchOptions) => StoreWatch;
  /** Reads a prefix, linearizably. */
  readonly read: (prefix: string) => Promise<StoreResult<RangeReading>>;
  /** Waits before a reading that failed is tried again. */
  readonly pauseAfter: (failure: StoreFailure, failuresInRow: number) => Promise<void>;
  /** Hears of a listener that threw, which is a bug of its owner. */
  readonly onThrow: (prefix: string, error: unknown) => void;
  readonly closing: AbortSignal;
}

/** One of those who watch the same. */
export interface Sharer {
  readonly listener: WatchListener;
  closed: boolean;
  /** What it was told last; null before the first time. */
  connected: boolean | null;
  /** Revision of its last reading: older changes are in there. Null as long as it has none. */
  readAt: number | null;
  /** Changes since it came, which its first reading may not hold. */
  readonly early: StoreChange[];
}

/** Those who watch the same. */
export interface Group {
  readonly source: SharedSource;
  readonly prefix: string;
  readonly sharers: Set<Sharer>;
  connected: boolean | null;
  failure: StoreFailure | undefined;
  /** True while newcomers are being read for. */
  isReading: boolean;
  /** Counts what the watch itself read: a newcomer's reading that was under way may be of before, or of an older history. */
  readings: number;
}

/**
 * Gives one sharer a reading: it knows all up to that revision.
 *
 * @param group its group
 * @param sharer who is told
 * @param reading of the prefix
 */
export function tellReading(group: Group, sharer: Sharer, reading: RangeReading): void {
  sharer.readAt = reading.revision;
  tell(group, sharer, () => sharer.listener.onReading(reading));
}

/**
 * Tells one sharer of the changes that are not in its reading; they are kept as long as it has none.
 *
 * @param group its group
 * @param sharer who is told
 * @param changes in the order of their revisions
 */
export function tellChanges(group: Group, sharer: Sharer, changes: readonly StoreChange[]): void {
  const { readAt, early } = sharer;
  if (readAt === null) {
    if (early.length + changes.length <= EARLY_MAX) early.push(...changes);
    else {
      early.length = 0;
      group.readings += 1;
    }
    return;
  }
  const fresh = changes.filter((change) => change.modRevision > readAt);
  if (fresh.length > 0) tell(group, sharer, () => sharer.listener.onChanges(fresh));
}

/**
 * Tells one sharer that the connection was lost or regained, unless it knows.
 *
 * @param group its group
 * @param sharer who is told
 * @param connected whether a live store is heard
 * @param failure why not
 */
export function tellConnected(
  group: Group,
  sharer: Sharer,
  connected: boolean,
  failure: StoreFailure | undefined,
): void {
  if (sharer.connected === connected) return;
  sharer.connected = connected;
  tell(group, sharer, () => sharer.listener.onConnected(connected, failure));
}

/** One listener that throws must not keep the others from hearing. */
function tell({ source, prefix }: Group, sharer: Sharer, call: () => void): void {
  if (sharer.closed || source.closing.aborted) return;
  try {
    call();
  } catch (error) {
    source.onThrow(prefix, error);
  }
}
