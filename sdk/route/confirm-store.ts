import { Beat, beatPrefix } from "@evenkeel/contracts/route";
import type { RangeReading, RouteStore } from "@evenkeel/contracts/route-store";

/** Milliseconds between two looks at the beats as long as none of them confirms the store. */
const LOOK_MS = 250;

/** Who asks. */
export interface Confirming {
  readonly store: RouteStore;
  readonly instance: string;
  /** What is to be confirmed. */
  readonly prefix: string;
  /** Acts once after so many milliseconds. */
  readonly after: (ms: number, act: () => void) => unknown;
  /** True as soon as nobody waits for the confirmation any more. */
  readonly isOver: () => boolean;
  /** Takes a reading that is not older than the confirmation. */
  readonly onConfirmed: (reading: RangeReading) => void;
}

/**
 * Waits until a site says in its beat that the store holds the latest routes, then reads them: a store that was cut off
 * from the others, or put back from a copy, may be behind for as long as no agent has brought it up.
 *
 * @param confirming who asks
 */
export async function confirmStore(confirming: Confirming): Promise<void> {
  const { store, instance, prefix, after, isOver, onConfirmed } = confirming;
  const beats = await store.range(beatPrefix(instance), { prefix: true });
  if (isOver()) return;
  if (beats.ok && beats.value.entries.some((entry) => isConfirmed(entry.value))) {
    const routes = await store.range(prefix, { prefix: true });
    if (isOver()) return;
    if (routes.ok) return onConfirmed(routes.value);
  }
  after(LOOK_MS, () => void confirmStore(confirming));
}

/**
 * Reads which beats are confirmed, and the routes after them.
 *
 * @param store where
 * @param instance id of the instance
 * @param prefix of the routes
 * @returns the confirmed beats by key, each with its revision, and the reading; null: one could not be read
 */
export async function readConfirmed(
  store: RouteStore,
  instance: string,
  prefix: string,
): Promise<{ readonly beats: ReadonlyMap<string, number>; readonly reading: RangeReading } | null> {
  const found = await store.range(beatPrefix(instance), { prefix: true });
  if (!found.ok) return null;
  const routes = await store.range(prefix, { prefix: true });
  if (!routes.ok) return null;
  const confirmed = found.value.entries.filter(({ value }) => isConfirmed(value));
  return {
    beats: new Map(confirmed.map(({ key, modRevision }) => [key, modRevision])),
    reading: routes.value,
  };
}

function isConfirmed(text: string): boolean {
  try {
    const beat = Beat.safeParse(JSON.parse(text));
    return beat.success && beat.data.confirmedBy !== "none";
  } catch {
    return false;
  }
}
