import type { PlannedMonitor } from "@evenkeel/contracts/plan";
import { Route, routeKey } from "@evenkeel/contracts/route";
import type { RouteStore, StoredEntry, StorePut, StoreResult } from "@evenkeel/contracts/route-store";
import { renderMasMirror } from "./mas-mirror.ts";

/** Compare-and-swaps lost in a row for one key before the work is left to the agent that wins them. */
const SWAP_TRIES = 5;

/** What became of one monitor's mirror. */
export type MirrorOutcome =
  | { readonly result: "written"; readonly keys: number }
  | { readonly result: "no-mirror" }
  | { readonly result: "failed"; readonly words: string };

/**
 * Brings the mirror of one monitor up to the plan and to the route that stands in the store; writes only what differs, so
 * that all agents may do it at once. A monitor without a route has no status yet: its first route writes it.
 *
 * @param store the store
 * @param instanceId the instance, for the route's key
 * @param monitor the planned monitor
 * @returns how many keys were written, or why it failed
 */
export async function syncMasMirror(
  store: RouteStore,
  instanceId: string,
  monitor: PlannedMonitor,
): Promise<MirrorOutcome> {
  const mirror = renderMasMirror(monitor);
  if (mirror === null) return { result: "no-mirror" };
  if ("words" in mirror) return { result: "failed", words: mirror.words };
  const route = routeKey(instanceId, monitor.applicationId, monitor.id);
  let keys = 0;
  const wishes = [
    ...mirror.conf.map((put) => ({ key: put.key, find: async () => ({ ok: true, value: put }) as const })),
    // The status key is read before the route: a route that is written in between changes it too, and the swap is lost.
    ...mirror.status(monitor.home).map(({ key }) => ({
      key,
      find: () => findStatus(store, route, key),
    })),
  ];
  for (const { key, find } of wishes) {
    const written = await settle(store, key, find);
    if (!written.ok) return { result: "failed", words: written.message };
    if (written.value) keys += 1;
  }
  return { result: "written", keys };
}

async function findStatus(
  store: RouteStore,
  route: string,
  key: string,
): Promise<StoreResult<StorePut | null>> {
  const entry = await readEntry(store, route);
  if (!entry.ok) return entry;
  const active = entry.value === null ? null : readActive(entry.value.value);
  return { ok: true, value: active === null ? null : { key, value: active } };
}

function readActive(text: string): string | null {
  try {
    return Route.safeParse(JSON.parse(text)).data?.active ?? null;
  } catch {
    // What is no JSON is no route: the writing of routes reports it, the mirror waits.
    return null;
  }
}

async function settle(
  store: RouteStore,
  key: string,
  find: () => Promise<StoreResult<StorePut | null>>,
): Promise<StoreResult<boolean>> {
  for (let attempt = 0; attempt < SWAP_TRIES; attempt += 1) {
    const present = await readEntry(store, key);
    if (!present.ok) return present;
    const wanted = await find();
    if (!wanted.ok) return wanted;
    if (wanted.value === null || wanted.value.value === present.value?.value)
      return { ok: true, value: false };
    const swap = await store.swap(wanted.value, present.value?.modRevision ?? 0);
    if (!swap.ok) return swap;
    if (swap.value.swapped) return { ok: true, value: true };
  }
  return {
    ok: false,
    reason: "unavailable",
    message: `lost ${SWAP_TRIES} compare-and-swaps in a row for ${key}`,
  };
}

async function readEntry(store: RouteStore, key: string): Promise<StoreResult<StoredEntry | null>> {
  const reading = await store.range(key);
  return reading.ok ? { ok: true, value: reading.value.entries[0] ?? null } : reading;
}
