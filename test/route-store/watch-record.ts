import type {
  RangeReading,
  RouteStore,
  StoreChange,
  StoreFailure,
  StoreWatch,
  WatchListener,
  WatchOptions,
} from "@evenkeel/contracts/route-store";

/** What a watch told, in order. */
export interface WatchRecord {
  readonly readings: RangeReading[];
  readonly changes: StoreChange[];
  readonly connections: { connected: boolean; failure: StoreFailure | undefined }[];
  /** The values of one key since the last reading, that reading's value first. */
  valuesOf(key: string): string[];
  readonly watch: StoreWatch;
}

/** Opens a watch and records everything that it tells. */
export function recordWatch(
  store: Pick<RouteStore, "watch">,
  prefix: string,
  options: WatchOptions = {},
): WatchRecord {
  const readings: RangeReading[] = [];
  const changes: StoreChange[] = [];
  const connections: WatchRecord["connections"] = [];
  let sinceReading = 0;
  const listener: WatchListener = {
    onReading(reading) {
      readings.push(reading);
      sinceReading = changes.length;
    },
    onChanges: (fresh) => void changes.push(...fresh),
    onConnected: (connected, failure) => void connections.push({ connected, failure }),
  };
  return {
    readings,
    changes,
    connections,
    valuesOf(key) {
      const first = readings.at(-1)?.entries.find((entry) => entry.key === key)?.value;
      const later = changes
        .slice(sinceReading)
        .filter((change) => change.key === key)
        .map((change) => change.value ?? "(deleted)");
      return first === undefined ? later : [first, ...later];
    },
    watch: store.watch(prefix, listener, options),
  };
}

/** @returns "0", "1", … "last": what a watch must deliver of a counter that was swapped up one by one */
export function countingUpTo(last: number): string[] {
  return Array.from({ length: last + 1 }, (_, index) => String(index));
}

/**
 * Counts a key up by compare-and-swap, each number exactly once, whatever happens to the store meanwhile.
 *
 * @returns `stop`, which answers the last number that stands
 */
export function countUp(store: RouteStore, key: string, pauseMs: number): { stop(): Promise<number> } {
  let stopped = false;
  const run = async (): Promise<number> => {
    let next = 0;
    let revision = 0;
    while (!stopped) {
      const result = await store.swap({ key, value: String(next) }, revision);
      if (result.ok && result.value.swapped) {
        revision = result.value.revision;
        next += 1;
      } else if (result.ok && !result.value.swapped && result.value.current !== null) {
        // A swap that was answered `unavailable` was committed after all.
        revision = result.value.current.modRevision;
        next = Number(result.value.current.value) + 1;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return next - 1;
  };
  const running = run();
  return {
    stop() {
      stopped = true;
      return running;
    },
  };
}
