import type {
  RouteStore,
  StoredEntry,
  StoreFailure,
  StoreResult,
  SwapOutcome,
  WatchListener,
} from "@evenkeel/contracts/route-store";
import type { Timeline } from "./timeline.ts";

/** One way of a call or of a watch's news, and the deadline of a call; virtual milliseconds. */
const WAY_MS = 1;
const DEADLINE_MS = 1500;
/** A watch that lost its store tries again so often, in virtual milliseconds. */
const WATCH_RETRY_MS = 500;

const UNAVAILABLE: StoreFailure = { ok: false, reason: "unavailable", message: "no endpoint answered" };

interface Kept extends StoredEntry {
  readonly lease: string | undefined;
}

/** A cluster that outlives its clients. */
export interface VirtualStore {
  readonly id: string;
  /** A client that stands at a site. */
  open(site: string): RouteStore;
  /** What stands under a key now; null: nothing. */
  entry(key: string): StoredEntry | null;
  /** Somebody beside the product writes. */
  write(key: string, value: string): void;
  backUp(): void;
  /** Goes back to the last backup; false if there is none. */
  restore(): boolean;
  setQuorum(has: boolean): void;
}

/** Who looks on. */
export interface StoreObserver {
  readonly isReachable: (site: string) => boolean;
  readonly onWrite: (store: string, key: string, value: string, by: "agent" | "other") => void;
  readonly onRestore: (store: string) => void;
}

/**
 * Makes a model of an etcd cluster: revisions, compare-and-swap, leases, watches that read anew when they had to start over.
 *
 * @param id the store's id
 * @param timeline virtual time
 * @param observer the network between sites and store, and the oracles
 */
export function createVirtualStore(id: string, timeline: Timeline, observer: StoreObserver): VirtualStore {
  let kept = new Map<string, Kept>();
  let backup: Map<string, Kept> | null = null;
  let revision = 1;
  let quorum = true;
  const leases = new Map<string, { ttlMs: number; untilMs: number }>();
  const watches = new Set<(key: string | null) => void>();

  function dropExpired(): void {
    for (const [lease, { untilMs }] of leases) {
      if (untilMs > timeline.now()) continue;
      leases.delete(lease);
      for (const [key, entry] of kept) if (entry.lease === lease) kept.delete(key);
    }
  }

  function put(key: string, value: string, lease: string | undefined, by: "agent" | "other"): number {
    revision += 1;
    kept.set(key, { key, value, modRevision: revision, lease });
    observer.onWrite(id, key, value, by);
    for (const tell of watches) tell(key);
    return revision;
  }

  function client(site: string): RouteStore {
    let closed = false;
    const works = () => quorum && !closed && observer.isReachable(site);
    /** A request that is lost, or whose answer is lost, ends at the deadline; the latter has taken effect. */
    const call = <T>(act: () => StoreResult<T>) =>
      new Promise<StoreResult<T>>((resolve) => {
        const endDeadline = timeline.after(DEADLINE_MS, () => resolve(UNAVAILABLE));
        timeline.after(WAY_MS, () => {
          if (!works()) return;
          dropExpired();
          const result = act();
          timeline.after(WAY_MS, () => {
            if (!works()) return;
            endDeadline();
            resolve(result);
          });
        });
      });
    const select = (key: string, prefix: boolean) =>
      [...kept.values()].filter((entry) => (prefix ? entry.key.startsWith(key) : entry.key === key));
    return {
      range: (key, options) =>
        call(() => ({ ok: true, value: { entries: select(key, options?.prefix === true), revision } })),
      put: ({ key, value, lease }) =>
        call(() =>
          lease !== undefined && !leases.has(lease)
            ? { ok: false, reason: "rejected", message: "requested lease not found" }
            : { ok: true, value: { revision: put(key, value, lease, "agent") } },
        ),
      swap: ({ key, value, lease }, expected) =>
        call((): StoreResult<SwapOutcome> => {
          const current = kept.get(key) ?? null;
          if ((current?.modRevision ?? 0) !== expected)
            return { ok: true, value: { swapped: false, current } };
          return { ok: true, value: { swapped: true, revision: put(key, value, lease, "agent") } };
        }),
      grantLease: (ttlS) =>
        call(() => {
          revision += 1;
          leases.set(`lease-${revision}`, { ttlMs: ttlS * 1000, untilMs: timeline.now() + ttlS * 1000 });
          return { ok: true, value: { lease: `lease-${revision}` } };
        }),
      renewLease: (lease) =>
        call(() => {
          const standing = leases.get(lease);
          if (standing !== undefined) standing.untilMs = timeline.now() + standing.ttlMs;
          return { ok: true, value: { alive: standing !== undefined } };
        }),
      revokeLease: (lease) =>
        call(() => {
          leases.delete(lease);
          for (const [key, entry] of kept) if (entry.lease === lease) kept.delete(key);
          return { ok: true, value: null };
        }),
      watch: (prefix, listener) => watch(prefix, listener, works),
      close: () => {
        closed = true;
      },
    };
  }

  /** News travel as readings or as changes; a watch that was cut off reads anew once the store is there again. */
  function watch(prefix: string, listener: WatchListener, works: () => boolean): { close(): void } {
    let closed = false;
    let delivered = 0;
    let behind = true;
    let planned = false;
    const deliver = () => {
      planned = false;
      if (closed) return;
      if (!works()) {
        behind = true;
        plan(WATCH_RETRY_MS);
        return;
      }
      const present = [...kept.values()].filter((entry) => entry.key.startsWith(prefix));
      if (behind || revision < delivered) listener.onReading({ entries: present, revision });
      else {
        const news = present.filter((entry) => entry.modRevision > delivered);
        if (news.length > 0) listener.onChanges(news.sort((a, b) => a.modRevision - b.modRevision));
      }
      behind = false;
      delivered = revision;
    };
    const plan = (ms: number) => {
      if (planned) return;
      planned = true;
      timeline.after(ms, deliver);
    };
    const tell = (key: string | null) => {
      if (key === null || key.startsWith(prefix)) plan(WAY_MS);
    };
    watches.add(tell);
    tell(null);
    return {
      close: () => {
        closed = true;
        watches.delete(tell);
      },
    };
  }

  return {
    id,
    open: client,
    entry: (key) => kept.get(key) ?? null,
    write: (key, value) => void put(key, value, undefined, "other"),
    backUp: () => {
      backup = new Map(kept);
    },
    restore: () => {
      if (backup === null) return false;
      kept = new Map(backup);
      // A restored cluster of ours is bumped beyond every revision that it had, as `etcdutl --bump-revision` does.
      revision += 1000;
      kept = new Map([...kept].map(([key, entry]) => [key, { ...entry, modRevision: revision }]));
      observer.onRestore(id);
      for (const tell of watches) tell(null);
      return true;
    },
    setQuorum: (has) => {
      quorum = has;
    },
  };
}
