import type { RouteStore, StoreFailure } from "@evenkeel/contracts/route-store";

/** After a failure the next try waits so long, twice as long each time, up to the longest, in milliseconds. */
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;
/** How long the end waits for the store, in milliseconds; the lease runs out by itself later. */
const FAREWELL_MS = 500;
/** Renewals within one lifetime of the lease. */
const RENEWALS = 3;

/** The surroundings of an entry that is kept. */
export interface KeepPorts {
  /** Acts once after so many milliseconds; the result cancels. It must not keep the process alive. */
  readonly after: (ms: number, act: () => void) => () => void;
  /** A random number from 0 up to 1: renewals of many processes are spread. */
  readonly random: () => number;
}

/** Which entry is kept, and what stands in it. */
export interface KeepRequest {
  readonly store: RouteStore;
  readonly key: string;
  /** Seconds after which the store drops the entry of a process that is gone. */
  readonly leaseS: number;
  /** The value as it is to stand there now; null: nothing has to stand there yet. */
  readonly render: () => string | null;
  /** Hears of a failure each time; the entry is tried again. */
  readonly onFailure: (failure: StoreFailure) => void;
}

/** An entry that is kept until its end. */
export interface KeptEntry {
  /** The value may have changed. */
  touch(): void;
  /** Takes the entry away. */
  end(): Promise<void>;
}

interface Keeping {
  readonly request: KeepRequest;
  readonly ports: KeepPorts;
  lease: string | null;
  /** What stands in the store, and for how many renewals. */
  written: string | null;
  renewals: number;
  isDue: boolean;
  isBusy: boolean;
  hasEnded: boolean;
  retryMs: number;
  /** Cancels the next renewal or try. */
  cancel: () => void;
}

/**
 * Keeps an entry of the store under a lease and up to date, through failures and lost leases.
 *
 * @param request which entry
 * @param ports timers and randomness
 */
export function keepEntry(request: KeepRequest, ports: KeepPorts): KeptEntry {
  const keeping: Keeping = {
    ...{
      request,
      ports,
      lease: null,
      written: null,
      renewals: 0,
      isDue: false,
      isBusy: false,
      hasEnded: false,
    },
    retryMs: FIRST_RETRY_MS,
    cancel: () => undefined,
  };
  return { touch: () => touch(keeping), end: () => end(keeping) };
}

function touch(keeping: Keeping): void {
  keeping.isDue = true;
  if (!keeping.isBusy && !keeping.hasEnded) void bringUp(keeping);
}

/** One at a time, so that a slow put cannot undo a later one. */
async function bringUp(keeping: Keeping): Promise<void> {
  keeping.isBusy = true;
  keeping.cancel();
  let failure: StoreFailure | null = null;
  while (keeping.isDue && !keeping.hasEnded && failure === null) {
    keeping.isDue = false;
    failure = await put(keeping);
  }
  keeping.isBusy = false;
  if (keeping.hasEnded) return;
  if (failure === null) {
    keeping.retryMs = FIRST_RETRY_MS;
    renewLater(keeping);
  } else giveWay(keeping, failure);
}

async function put(keeping: Keeping): Promise<StoreFailure | null> {
  const { store, key, leaseS, render } = keeping.request;
  const value = render();
  if (value === null) return null;
  if (keeping.lease === null) {
    const granted = await store.grantLease(leaseS);
    if (!granted.ok) return granted;
    keeping.lease = granted.value.lease;
  }
  const written = await store.put({ key, value, lease: keeping.lease });
  if (written.ok) {
    keeping.written = value;
    keeping.renewals = 0;
    return null;
  }
  // The lease may be what the store refuses: the next try asks for a new one.
  keeping.lease = null;
  return written;
}

function giveWay(keeping: Keeping, failure: StoreFailure): void {
  keeping.isDue = true;
  keeping.request.onFailure(failure);
  keeping.cancel = keeping.ports.after(spread(keeping, keeping.retryMs), () => touch(keeping));
  keeping.retryMs = Math.min(keeping.retryMs * 2, LONGEST_RETRY_MS);
}

function renewLater(keeping: Keeping): void {
  const ms = spread(keeping, (keeping.request.leaseS * 1000) / RENEWALS);
  keeping.cancel = keeping.ports.after(ms, () => void renew(keeping));
}

async function renew(keeping: Keeping): Promise<void> {
  const { lease } = keeping;
  if (lease === null) return;
  const renewed = await keeping.request.store.renewLease(lease);
  if (keeping.hasEnded || keeping.isBusy) return;
  if (renewed.ok && renewed.value.alive) {
    keeping.renewals += 1;
    // What changes by itself is brought up to date once in a lifetime of the lease, not each time that it changes.
    if (keeping.renewals >= RENEWALS && keeping.request.render() !== keeping.written) return touch(keeping);
    return renewLater(keeping);
  }
  if (renewed.ok) keeping.lease = null;
  touch(keeping);
}

/** Give or take a quarter. */
function spread({ ports }: Keeping, ms: number): number {
  return ms * (0.75 + ports.random() / 2);
}

async function end(keeping: Keeping): Promise<void> {
  const { lease, ports } = keeping;
  keeping.hasEnded = true;
  keeping.lease = null;
  keeping.cancel();
  if (lease === null) return;
  let stop: () => void = () => undefined;
  const farewell = new Promise<void>((resolve) => {
    stop = ports.after(FAREWELL_MS, resolve);
  });
  await Promise.race([keeping.request.store.revokeLease(lease), farewell]);
  stop();
}
