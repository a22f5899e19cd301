import type { RouteWrite } from "@evenkeel/contracts/agent-protocol";
import { KEY_ROOT, Route } from "@evenkeel/contracts/route";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import { compareLineage } from "@evenkeel/core/switching/lineage";
import type { Cancel, Clock } from "../clock.ts";
import type { StandingRoutes } from "./standing-routes.ts";

/**
 * How long a change may rest before it is held against what the control plane told, in milliseconds: with a switch of
 * ours another agent is often quicker with its write than the control plane with its word to this one.
 */
export const SETTLE_MS = 1000;
/** The watch's own comparison, in milliseconds: rare, because it reads the routes of the whole instance. */
const POLL_MS = 60_000;
/** Keys that are handed out at once: as many routes as one command of the control plane carries. */
const KEYS_MAX = 1000;

/** What is watched, and for whom. */
export interface RouteWatchOptions {
  readonly store: RouteStore;
  readonly instanceId: string;
  readonly clock: Clock;
  /** What the control plane told last, by key. */
  readonly told: ReadonlyMap<string, RouteWrite>;
  /** Hears of a key at which just that stands. */
  readonly onSame: (told: RouteWrite) => void;
  /** Keeps what stands there. */
  readonly standing: StandingRoutes;
  /** Takes the keys at which something else stands, or nothing. */
  readonly onForeign: (keys: readonly string[]) => Promise<void>;
}

/**
 * Watches an instance's routes in one store and finds those that somebody else wrote: a person beside the control plane,
 * or a restore from a backup.
 *
 * @param options what is watched, and for whom
 */
export function watchRoutes(options: RouteWatchOptions): { stop(): void } {
  const { store, instanceId, clock, told, standing, onForeign } = options;
  /** What was seen last at keys that are not examined yet; null: nothing stands there. */
  const seen = new Map<string, string | null>();
  let cancel: Cancel | null = null;

  function note(key: string, value: string | null): void {
    if (!told.has(key)) return;
    seen.set(key, value);
    cancel ??= clock.after(SETTLE_MS, examine);
  }

  function examine(): void {
    cancel = null;
    const foreign = sortOut(options, seen);
    seen.clear();
    void handOut(foreign, onForeign);
  }

  const watch = store.watch(
    `${KEY_ROOT}/${instanceId}/`,
    {
      onReading({ entries }) {
        standing.read(entries);
        const present = new Map(entries.map((entry) => [entry.key, entry.value]));
        for (const key of told.keys()) note(key, present.get(key) ?? null);
      },
      onChanges(changes) {
        standing.change(changes);
        for (const { key, value } of changes) note(key, value);
      },
      // Beside the beat, which tells whether the store can be reached.
      onConnected: standing.connect,
    },
    { pollMs: POLL_MS },
  );
  return {
    stop() {
      cancel?.();
      watch.close();
    },
  };
}

async function handOut(keys: readonly string[], onForeign: RouteWatchOptions["onForeign"]): Promise<void> {
  for (let from = 0; from < keys.length; from += KEYS_MAX) await onForeign(keys.slice(from, from + KEYS_MAX));
}

/** @returns the keys at which something else stands */
function sortOut({ told, onSame }: RouteWatchOptions, seen: ReadonlyMap<string, string | null>): string[] {
  const foreign: string[] = [];
  for (const [key, value] of seen) {
    const wanted = told.get(key);
    // What was told is gone with its connection: the next one tells everything.
    if (wanted === undefined) continue;
    if (isForeign(value, wanted)) foreign.push(key);
    else onSame(wanted);
  }
  return foreign;
}

function isForeign(value: string | null, told: RouteWrite): boolean {
  if (value === null) return true;
  // Agents write what they were told letter for letter; only what differs is worth parsing.
  return value !== JSON.stringify(told.route) && compareLineage(parseRoute(value), told.route, []) !== "same";
}

function parseRoute(text: string): Route | null {
  try {
    return Route.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
