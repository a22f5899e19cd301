import { performance } from "node:perf_hooks";
import type { RouteWrite, WriteOutcome } from "@evenkeel/contracts/agent-protocol";
import { Route, routeKey } from "@evenkeel/contracts/route";
import type { RouteStore, StoredEntry, StorePut } from "@evenkeel/contracts/route-store";
import { compareLineage } from "@evenkeel/core/switching/lineage";

/** Compare-and-swaps lost in a row before an agent leaves the field to the others. */
const SWAP_TRIES = 5;
/** Most characters of a store's words in an outcome. */
const WORDS_MAX = 500;

/** What an agent remembers of the keys that it wrote or read, so that a switch needs one transaction only. */
export type KnownEntries = Map<string, StoredEntry | null>;

/** What became of a write, and how long it took. */
export interface RanWrite {
  readonly outcome: WriteOutcome;
  readonly tookMs: number;
}

/**
 * Brings a store up to a route by compare-and-swap. Every agent gets the same command; one wins, the others find the
 * route there. What is newer or foreign is reported, never overwritten [SAFE-1].
 *
 * @param store the store
 * @param known the agent's memory of this store, updated here
 * @param instanceId the instance, for the key
 * @param write the route with the decisions that it descends from
 * @param also keys of the same transaction: the mirror for other SDKs. Where they are refused, the route is not written
 *   either, so that no two kinds of SDK follow different data centres
 */
export async function writeRoute(
  store: RouteStore,
  known: KnownEntries,
  instanceId: string,
  write: RouteWrite,
  also: readonly StorePut[] = [],
): Promise<RanWrite> {
  const startedAtMs = performance.now();
  const key = routeKey(instanceId, write.applicationId, write.monitorId);
  const outcome = await tryWrite(store, known, key, write, also);
  return { outcome, tookMs: performance.now() - startedAtMs };
}

async function tryWrite(
  store: RouteStore,
  known: KnownEntries,
  key: string,
  write: RouteWrite,
  also: readonly StorePut[],
): Promise<WriteOutcome> {
  for (let attempt = 0; attempt < SWAP_TRIES; attempt += 1) {
    const present = await readEntry(store, known, key);
    if (!present.ok) return { result: "failed", words: present.message.slice(0, WORDS_MAX) };
    const verdict = judgeEntry(present.value, write);
    if (verdict !== null) {
      // What was remembered may be old: only a fresh reading may call a store ahead, foreign or up to date.
      if (!present.remembered) return verdict;
      known.delete(key);
      continue;
    }
    const value = JSON.stringify(write.route);
    const swap = await store.swap({ key, value }, present.value?.modRevision ?? 0, also);
    if (!swap.ok) {
      known.delete(key);
      return { result: "failed", words: swap.message.slice(0, WORDS_MAX) };
    }
    if (swap.value.swapped) {
      known.set(key, { key, value, modRevision: swap.value.revision });
      return { result: "stored", written: true };
    }
    // The store just told what stands there, which is as good as a reading.
    known.delete(key);
    const met = judgeEntry(swap.value.current, write);
    if (met !== null) {
      known.set(key, swap.value.current);
      return met;
    }
  }
  return { result: "failed", words: `lost ${SWAP_TRIES} compare-and-swaps in a row for ${key}` };
}

type Present =
  | { readonly ok: true; readonly value: StoredEntry | null; readonly remembered: boolean }
  | { readonly ok: false; readonly message: string };

async function readEntry(store: RouteStore, known: KnownEntries, key: string): Promise<Present> {
  const remembered = known.get(key);
  if (remembered !== undefined) return { ok: true, value: remembered, remembered: true };
  const reading = await store.range(key);
  if (!reading.ok) return { ok: false, message: reading.message };
  const entry = reading.value.entries[0] ?? null;
  known.set(key, entry);
  return { ok: true, value: entry, remembered: false };
}

/** Null: the entry is behind and may be replaced. */
function judgeEntry(entry: StoredEntry | null, write: RouteWrite): WriteOutcome | null {
  if (entry === null) return null;
  const stored = parseRoute(entry.value);
  if (stored === null) return { result: "unreadable", words: `${entry.key} does not hold a route` };
  const lineage = compareLineage(stored, write.route, write.ancestors);
  switch (lineage) {
    case "same":
      return { result: "stored", written: false };
    case "behind":
      return null;
    case "ahead":
    case "fork":
      return { result: lineage, stored };
  }
}

function parseRoute(text: string): Route | null {
  try {
    return Route.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
