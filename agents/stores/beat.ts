import type { StoreHealth } from "@evenkeel/contracts/agent-protocol";
import { BEAT_INTERVAL_MS, BEAT_LEASE_S, type Beat, beatPrefix } from "@evenkeel/contracts/route";
import type { RouteStore, StoreFailure } from "@evenkeel/contracts/route-store";
import { type Clock, SYSTEM_CLOCK } from "../clock.ts";

/** Most characters of a store's words in its health. */
const WORDS_MAX = 500;

/** What a beat needs to know. */
export interface BeatOptions {
  readonly storeId: string;
  readonly store: RouteStore;
  readonly instanceId: string;
  readonly site: string;
  /** Who confirmed the routes of this store lately. */
  readonly confirmedBy: () => Beat["confirmedBy"];
  /** Called when the store became reachable or unreachable. */
  readonly onChange: (health: StoreHealth) => void;
}

/** The beat of one site in one store. */
export interface RunningBeat {
  /** Null until the first beat has ended: nobody is told that a store is unreachable that was not asked yet. */
  health(): StoreHealth | null;
  stop(): void;
}

/**
 * Writes the site's beat each second under a lease, which tells SDKs that the store lives and tells us whether we can
 * write to it: reachability is proven by writing, not by asking.
 *
 * @param options store, site and who listens
 * @param clock its clock
 */
export function startBeat(options: BeatOptions, clock: Clock = SYSTEM_CLOCK): RunningBeat {
  const { storeId, store, onChange } = options;
  let health: StoreHealth | null = null;
  let lease: string | null = null;
  let count = 0;
  let busy = false;
  let stopped = false;

  function setHealth(failure: StoreFailure | null): void {
    const words = (failure?.message ?? "").slice(0, WORDS_MAX);
    const next: StoreHealth = { store: storeId, reachable: failure === null, words };
    const changed = next.reachable !== health?.reachable;
    health = next;
    if (changed && !stopped) onChange(next);
  }

  async function beat(): Promise<StoreFailure | null> {
    if (lease !== null) {
      const renewed = await store.renewLease(lease);
      if (!renewed.ok) return renewed;
      if (!renewed.value.alive) lease = null;
    }
    if (lease === null) {
      const granted = await store.grantLease(BEAT_LEASE_S);
      if (!granted.ok) return granted;
      lease = granted.value.lease;
    }
    const value: Beat = { v: 1, confirmedBy: options.confirmedBy(), count };
    count += 1;
    const key = `${beatPrefix(options.instanceId)}${options.site}`;
    const put = await store.put({ key, value: JSON.stringify(value), lease });
    if (put.ok) return null;
    // The lease may be what the store refuses: the next beat asks for a new one.
    lease = null;
    return put;
  }

  async function beatOnce(): Promise<void> {
    if (busy || stopped) return;
    busy = true;
    setHealth(await beat());
    busy = false;
  }

  const cancel = clock.every(BEAT_INTERVAL_MS, () => void beatOnce());
  void beatOnce();
  return {
    health: () => health,
    stop: () => {
      stopped = true;
      cancel();
    },
  };
}
