import type {
  RouteStore,
  StoredEntry,
  StoreFailure,
  StorePut,
  StoreResult,
  SwapOutcome,
  WatchListener,
} from "@evenkeel/contracts/route-store";

const FAILURE: StoreFailure = { ok: false, reason: "unavailable", message: "no endpoint answered" };

/** A route store in memory that really compares revisions, and lets a test write behind the caller's back. */
export interface MemoryStore {
  readonly store: RouteStore;
  /** Names of the calls so far, in order. */
  readonly calls: string[];
  read(key: string): string | undefined;
  /** Another writer writes. */
  write(key: string, value: string): void;
  /** Another writer deletes; watches hear of it unless they are not `watched`. */
  remove(key: string, how?: { readonly watched: boolean }): void;
  /** All watches read everything anew, as after a restore. */
  rereadAll(): void;
  /** Runs before the next calls of this name, once each: another writer slips in. */
  before(call: string, act: () => void): void;
  /** The next calls of this name fail, or none of them any more. */
  fail(call: string, failing: boolean): void;
  /** All leases end, with their keys. */
  endLeases(): void;
}

/** Makes an empty store. */
export function createMemoryStore(): MemoryStore {
  const entries = new Map<string, StoredEntry & { readonly lease: string | undefined }>();
  const leases = new Set<string>();
  const calls: string[] = [];
  const failing = new Set<string>();
  const interruptions: { call: string; act: () => void }[] = [];
  const watches = new Map<WatchListener, string>();
  let revision = 0;

  function tell(key: string, value: string | null): void {
    for (const [listener, prefix] of watches)
      if (key.startsWith(prefix)) listener.onChanges([{ key, value, modRevision: revision }]);
  }
  function reread(listener: WatchListener, prefix: string): void {
    const under = [...entries.values()].filter((entry) => entry.key.startsWith(prefix));
    listener.onReading({ entries: under, revision });
  }

  function put({ key, value, lease }: StorePut): number {
    revision += 1;
    entries.set(key, { key, value, modRevision: revision, lease });
    tell(key, value);
    return revision;
  }

  async function serve<T>(call: string, answer: () => StoreResult<T>): Promise<StoreResult<T>> {
    calls.push(call);
    const at = interruptions.findIndex((interruption) => interruption.call === call);
    if (at >= 0) interruptions.splice(at, 1)[0]?.act();
    return failing.has(call) ? FAILURE : answer();
  }

  function remove(key: string, watched = true): void {
    revision += 1;
    entries.delete(key);
    if (watched) tell(key, null);
  }

  const gone = (lease: string | undefined) => lease !== undefined && !leases.has(lease);
  const store: RouteStore = {
    range: (key) =>
      serve("range", () => {
        const found = entries.get(key);
        return { ok: true, value: { entries: found === undefined ? [] : [found], revision } };
      }),
    put: (one) =>
      serve("put", () =>
        gone(one.lease)
          ? { ok: false, reason: "rejected", message: "requested lease not found" }
          : { ok: true, value: { revision: put(one) } },
      ),
    swap: (one, expectedRevision, also) =>
      serve<SwapOutcome>("swap", () => {
        const current = entries.get(one.key) ?? null;
        if ((current?.modRevision ?? 0) !== expectedRevision)
          return { ok: true, value: { swapped: false, current } };
        for (const other of also ?? []) put(other);
        return { ok: true, value: { swapped: true, revision: put(one) } };
      }),
    grantLease: () =>
      serve("grantLease", () => {
        revision += 1;
        leases.add(`lease-${revision}`);
        return { ok: true, value: { lease: `lease-${revision}` } };
      }),
    renewLease: (lease) => serve("renewLease", () => ({ ok: true, value: { alive: leases.has(lease) } })),
    revokeLease: (lease) =>
      serve("revokeLease", () => {
        leases.delete(lease);
        for (const [key, entry] of entries) if (entry.lease === lease) remove(key);
        return { ok: true, value: null };
      }),
    watch(prefix, listener) {
      watches.set(listener, prefix);
      reread(listener, prefix);
      return { close: () => void watches.delete(listener) };
    },
    close: () => undefined,
  };
  return {
    store,
    calls,
    read: (key) => entries.get(key)?.value,
    write: (key, value) => void put({ key, value }),
    remove: (key, how) => remove(key, how?.watched),
    rereadAll() {
      for (const [listener, prefix] of watches) reread(listener, prefix);
    },
    before: (call, act) => void interruptions.push({ call, act }),
    fail(call, fails) {
      if (fails) failing.add(call);
      else failing.delete(call);
    },
    endLeases() {
      leases.clear();
      for (const [key, entry] of entries) if (gone(entry.lease)) entries.delete(key);
    },
  };
}
