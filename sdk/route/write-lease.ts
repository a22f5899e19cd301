import { BEAT_INTERVAL_MS, BEAT_LEASE_S } from "@evenkeel/contracts/route";
import type { WriteArbiter } from "../switching/write-arbiter.ts";

/** Milliseconds for which a process may write after the moment as of which its route was known to be the latest. */
export const WRITE_LEASE_MS = BEAT_LEASE_S * 1000;

/** Beats that are confirmed, by key, with the store's revision of each. */
export type ConfirmedBeats = ReadonlyMap<string, number>;

/** What a write lease is made of. */
export interface WriteLeaseRequest {
  /** Reads the beats and, after them, the routes. @returns null: one of the two could not be read */
  confirm(): Promise<ConfirmedBeats | null>;
}

/** The surroundings of a lease: the machine's, or a simulator's. */
export interface LeasePorts {
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Acts once after so many milliseconds; the result cancels. */
  readonly after: (ms: number, act: () => void) => () => void;
}

/** The arbiter of `strict`, at work until it is closed. */
export interface WriteLease extends WriteArbiter {
  close(): void;
}

const REAL: LeasePorts = {
  now: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  },
};

interface Look {
  readonly startedMs: number;
  readonly beats: ConfirmedBeats;
}

interface Leasing {
  readonly request: WriteLeaseRequest;
  readonly ports: LeasePorts;
  readonly listeners: Set<() => void>;
  previous: Look | null;
  leasedUntilMs: number;
  /** What the listeners were told last. */
  wasHeld: boolean;
  hasEnded: boolean;
  cancelLook: () => void;
  cancelEnd: () => void;
}

/**
 * Keeps the write lease of a process [SAFE-11]: it may write for `WRITE_LEASE_MS` after a moment at which a site, confirmed
 * by the edge or by its peers, said that this store has the latest routes, and those were read afterwards. A beat that has
 * changed between two looks was written after the first of them began, so that its beginning is that moment; a beat that
 * merely stands there may be as old as the store keeps it.
 *
 * @param request how to look
 * @param ports clock and timers
 * @returns the lease, which is not held before the second look
 */
export function keepWriteLease(request: WriteLeaseRequest, ports: LeasePorts = REAL): WriteLease {
  const leasing: Leasing = {
    ...{ request, ports, listeners: new Set(), previous: null, leasedUntilMs: Number.NEGATIVE_INFINITY },
    ...{ wasHeld: false, hasEnded: false, cancelLook: () => undefined, cancelEnd: () => undefined },
  };
  void look(leasing);
  return {
    mayWrite: () => isHeld(leasing),
    onChange(listener) {
      leasing.listeners.add(listener);
      return () => void leasing.listeners.delete(listener);
    },
    close() {
      leasing.hasEnded = true;
      leasing.cancelLook();
      leasing.cancelEnd();
    },
  };
}

function isHeld({ ports, leasedUntilMs }: Leasing): boolean {
  return ports.now() <= leasedUntilMs;
}

async function look(leasing: Leasing): Promise<void> {
  const startedMs = leasing.ports.now();
  const beats = await leasing.request.confirm();
  if (leasing.hasEnded) return;
  if (beats !== null) {
    const { previous } = leasing;
    if (previous !== null && [...beats].some(([key, revision]) => previous.beats.get(key) !== revision))
      extend(leasing, previous.startedMs + WRITE_LEASE_MS);
    leasing.previous = { startedMs, beats };
  }
  leasing.cancelLook = leasing.ports.after(BEAT_INTERVAL_MS, () => void look(leasing));
}

function extend(leasing: Leasing, untilMs: number): void {
  const { now, after } = leasing.ports;
  leasing.leasedUntilMs = Math.max(leasing.leasedUntilMs, untilMs);
  leasing.cancelEnd();
  // Past the end by the least that a timer knows, for at the end itself the lease is still held.
  leasing.cancelEnd = after(Math.max(leasing.leasedUntilMs - now(), 0) + 1, () => tell(leasing));
  tell(leasing);
}

function tell(leasing: Leasing): void {
  const isNow = isHeld(leasing);
  if (isNow === leasing.wasHeld) return;
  leasing.wasHeld = isNow;
  for (const listener of leasing.listeners) listener();
}
