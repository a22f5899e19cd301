/** Why a call to the route store did not succeed. `unavailable` is worth a later try, the others need a person. */
export type StoreFailureReason =
  | "unavailable" // no endpoint answered within the deadline, or the cluster has no quorum
  | "auth-failed" // user or password refused
  | "permission-denied" // the user has no role for this key
  | "tls-failed" // certificate or name refused
  | "rejected" // the store answered with another error
  | "closed"; // the client was closed by its owner

/** A failed call: the reason, and a sentence with the endpoint and the store's own words (never a secret). */
export interface StoreFailure {
  readonly ok: false;
  readonly reason: StoreFailureReason;
  readonly message: string;
}

/** The result of a call to the store: an expected failure is a value, not a throw. */
export type StoreResult<T> = { readonly ok: true; readonly value: T } | StoreFailure;

/** One key as it stands in the store. */
export interface StoredEntry {
  readonly key: string;
  readonly value: string;
  /** Revision of the last change of this key: what a compare-and-swap compares. */
  readonly modRevision: number;
}

/** A consistent reading of a range. */
export interface RangeReading {
  readonly entries: readonly StoredEntry[];
  /** Store revision of the reading; a watch resumes at `revision + 1`. */
  readonly revision: number;
}

/** The outcome of a compare-and-swap: swapped, or what stands there now (`null`: nothing). */
export type SwapOutcome =
  | { readonly swapped: true; readonly revision: number }
  | { readonly swapped: false; readonly current: StoredEntry | null };

/** A change that a watch saw. `value: null` is a deletion. */
export interface StoreChange {
  readonly key: string;
  readonly value: string | null;
  readonly modRevision: number;
}

/** What a watch tells its owner. It never ends by itself: it goes on over restarts until it is closed. */
export interface WatchListener {
  /** Changes in the order of their revisions, none missing and none twice. */
  onChanges(changes: readonly StoreChange[]): void;
  /**
   * The range was read anew: at the start, after a compaction, a restore or a token that died.
   * It replaces everything that was known.
   */
  onReading(reading: RangeReading): void;
  /** The watch lost (`false`) or regained (`true`) its connection to a live store; the failure says why it was lost. */
  onConnected(connected: boolean, failure?: StoreFailure): void;
}

/** A watch that runs until closed. */
export interface StoreWatch {
  close(): void;
}

/** A key to write together with others; `lease` ties it to a lease. */
export interface StorePut {
  readonly key: string;
  readonly value: string;
  readonly lease?: string;
}

/**
 * The route store as agents and SDKs see it. Every call has a deadline and tries the next endpoint.
 * One contract suite (test/route-store) proves each implementation.
 */
export interface RouteStore {
  /** Reads one key or, with `prefix: true`, all keys that begin with it. */
  range(key: string, options?: { prefix?: boolean }): Promise<StoreResult<RangeReading>>;
  /** Writes one key whatever stood there (beats and registrations only; routes are swapped). */
  put(put: StorePut): Promise<StoreResult<{ revision: number }>>;
  /**
   * Writes `put` and `also` in one transaction if `put.key` still has this revision (0: the key does not exist).
   * A call that timed out may still commit: the caller re-reads and compares epochs.
   */
  swap(
    put: StorePut,
    expectedRevision: number,
    also?: readonly StorePut[],
  ): Promise<StoreResult<SwapOutcome>>;
  /** Grants a lease. @param ttlS seconds without renewal after which its keys vanish */
  grantLease(ttlS: number): Promise<StoreResult<{ lease: string }>>;
  /** Renews a lease; `alive: false` means that it is gone for good. */
  renewLease(lease: string): Promise<StoreResult<{ alive: boolean }>>;
  /** Ends a lease: its keys vanish at once. One that is gone already counts as ended. */
  revokeLease(lease: string): Promise<StoreResult<null>>;
  /** Reads, then watches a prefix from the next revision on, for as long as it is not closed. */
  watch(prefix: string, listener: WatchListener, options?: WatchOptions): StoreWatch;
  /** Ends all watches and connections; later calls answer `closed`. */
  close(): void;
}

/** How a watch proves to itself that it still hears a live store. */
export interface WatchOptions {
  /** Prefix under which live sites write a beat each second: watched too, silence moves the watch to the next endpoint. */
  readonly beatPrefix?: string;
  /** Milliseconds between two comparisons of the range with what the watch delivered. Default 5000. */
  readonly pollMs?: number;
}
