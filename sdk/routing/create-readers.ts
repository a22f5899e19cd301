import type { Route } from "@evenkeel/contracts/route";
import { readsLocally, type SdkConfig } from "@evenkeel/contracts/sdk-config";
import { SwitchedError } from "../errors.ts";
import type { Reader, Sides } from "../switching/create-sides.ts";
import type { Leaving } from "../switching/judge-switch.ts";
import { findNearest } from "./find-nearest.ts";
import type { Measurable, StaleGate } from "./gate-stale-reads.ts";

/** Chooses where reads go that need not go to the active side. */
export interface Readers<S> {
  /** @returns a side that reads; null: the active side reads as well as it writes */
  pick(): S | null;
  /** Follows a route. @param left what is left by it, and how; null: nothing */
  follow(route: Route, left: { readonly dataCentre: string; readonly leaving: Leaving } | null): void;
  /** Ends its measuring. */
  close(): void;
}

/**
 * Tells whether a configuration lets reads go beside the active side.
 *
 * @param config the configuration
 */
export function wantsReaders({ router, sources }: SdkConfig): boolean {
  if (readsLocally(router.algorithm)) return true;
  return Object.values(sources).some(({ replicas = [] }) => replicas.length > 0);
}

/**
 * Makes the choice of a data source.
 *
 * @param config where the process and the data centres stand, their replicas, how reads are spread
 * @param sides where servers for reads are opened
 * @param gate says which servers are recent enough; null: all are
 * @param random gives a number from 0 to below 1
 * @returns the choice; null if the configuration wants all reads on the active side, so that no statement is looked at
 */
export function createReaders<S extends Measurable>(
  config: SdkConfig,
  sides: Pick<Sides<S>, "reader">,
  gate: StaleGate<S> | null = null,
  random: () => number = Math.random,
): Readers<S> | null {
  const { router, sources } = config;
  if (!wantsReaders(config)) return null;
  const isLocal = readsLocally(router.algorithm);
  let readers: readonly Reader<S>[] = [];
  let own: Reader<S> | null = null;
  let readFrom = "";
  let isRandom = false;
  let next = 0;
  const mayServe = (reader: Reader<S>): boolean => reader.isReady() && gate?.isFresh(reader.side) !== false;
  return {
    pick() {
      const count = readers.length;
      const first = isRandom ? Math.floor(random() * count) : next;
      for (let step = 0; step < count; step += 1) {
        const at = (first + step) % count;
        const reader = readers[at];
        if (reader === undefined || !mayServe(reader)) continue;
        next = (at + 1) % count;
        return reader.side;
      }
      return own !== null && mayServe(own) ? own.side : null;
    },
    follow(route, left) {
      if (left?.leaving === "abandon" && left.dataCentre === readFrom)
        abandonAll(own === null ? readers : [...readers, own], left.dataCentre, route);
      const mayRead = (name: string) => name === route.active || (route.dataCentres[name]?.readable ?? false);
      readFrom = isLocal ? findNearest(config, route.active, mayRead) : route.active;
      readers = (sources[readFrom]?.replicas ?? []).flatMap(
        (replica) => sides.reader(readFrom, replica) ?? [],
      );
      isRandom = (sources[readFrom]?.loadBalance ?? router.loadBalance) === "random";
      own = readFrom === route.active ? null : sides.reader(readFrom, null);
      next = 0;
      if (gate !== null) measureAll(gate, own === null ? readers : [...readers, own], sides, route.active);
    },
    close: () => gate?.close(),
  };
}

/** What is taken for dead would keep its readers' callers waiting. */
function abandonAll<S extends Measurable>(readers: readonly Reader<S>[], from: string, route: Route): void {
  const createError = () => new SwitchedError(from, route.active, route.epoch);
  for (const { side } of readers) side.abandon(createError);
}

/** The writer is asked over a connection of its own: a full pool must not make its replicas look old. */
function measureAll<S extends Measurable>(
  gate: StaleGate<S>,
  readers: readonly Reader<S>[],
  sides: Pick<Sides<S>, "reader">,
  active: string,
): void {
  const writer = readers.length === 0 ? null : sides.reader(active, null);
  const measured = readers.map(({ side }) => side);
  gate.watch(writer?.side ?? null, measured);
}
