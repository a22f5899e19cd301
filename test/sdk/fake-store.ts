import type {
  RangeReading,
  RouteStore,
  StoredEntry,
  StoreFailure,
  WatchListener,
} from "@evenkeel/contracts/route-store";

/** A store whose watch a test moves by hand; the calls that a follower never makes are refused. */
export interface FakeStore {
  readonly store: RouteStore;
  /** What the watch of the follower hears. */
  hear(): WatchListener;
  /** What is read under the prefixes that begin so; nothing can be read before. */
  answer(entries: Readonly<Record<string, string>>): void;
  closed(): boolean;
}

/** Makes a store that says nothing until it is told to. */
export function createFakeStore(): FakeStore {
  const listeners: WatchListener[] = [];
  let closed = false;
  let readable: Readonly<Record<string, string>> | null = null;
  const refused = async (): Promise<StoreFailure> => ({
    ok: false,
    reason: "rejected",
    message: "a follower only watches",
  });
  return {
    store: {
      async range(prefix) {
        if (readable === null) return refused();
        const under = Object.entries(readable).filter(([key]) => key.startsWith(prefix));
        return { ok: true, value: makeReading(Object.fromEntries(under)) };
      },
      put: refused,
      swap: refused,
      grantLease: refused,
      renewLease: refused,
      revokeLease: refused,
      watch(_prefix, listener) {
        listeners.push(listener);
        return { close: () => undefined };
      },
      close() {
        closed = true;
      },
    },
    hear() {
      const listener = listeners[0];
      if (listener === undefined) throw new Error("nobody watches");
      return listener;
    },
    answer(entries) {
      readable = entries;
    },
    closed: () => closed,
  };
}

/** A reading of these keys. */
export function makeReading(entries: Readonly<Record<string, string>>, revision = 10): RangeReading {
  const stored = Object.entries(entries).map(
    ([key, value]): StoredEntry => ({ key, value, modRevision: revision }),
  );
  return { entries: stored, revision };
}
