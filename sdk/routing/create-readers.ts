import type { Route } from "@evenkeel/contracts/route";
import type { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { SwitchedError } from "../errors.ts";
import type { Reader, Sides } from "../switching/create-sides.ts";
import type { Leaving } from "../switching/judge-switch.ts";
import type { Side } from "../switching/side.ts";
import { findNearest } from "./find-nearest.ts";

/** Chooses where reads go that need not go to the active side. */
export interface Readers<S> {
  /** @returns a side that reads; null: the active side reads as well as it writes */
  pick(): S | null;
  /** Follows a route. @param left what is left by it, and how; null: nothing */
  follow(route: Route, left: { readonly dataCentre: string; readonly leaving: Leaving } | null): void;
}

/**
 * Tells whether a configuration lets reads go beside the active side.
 *
 * @param config the configuration
 */
export function wantsReaders({ router, sources }: SdkConfig): boolean {
  if (router.algorithm === "single-write-local-read") return true;
  return Object.values(sources).some(({ replicas = [] }) => replicas.length > 0);
}

/**
 * Makes the choice of a data source.
 *
 * @param config where the process and the data centres stand, their replicas, how reads are spread
 * @param sides where servers for reads are opened
 * @param random gives a number from 0 to below 1
 * @returns the choice; null if the configuration wants all reads on the active side, so that no statement is looked at
 */
export function createReaders<S extends Side>(
  config: SdkConfig,
  sides: Pick<Sides<S>, "reader">,
  random: () => number = Math.random,
): Readers<S> | null {
  const { router, sources } = config;
  if (!wantsReaders(config)) return null;
  const isLocal = router.algorithm === "single-write-local-read";
  let readers: readonly Reader<S>[] = [];
  let own: Reader<S> | null = null;
  let readFrom = "";
  let isRandom = false;
  let next = 0;
  return {
    pick() {
      const count = readers.length;
      const first = isRandom ? Math.floor(random() * count) : next;
      for (let step = 0; step < count; step += 1) {
        const at = (first + step) % count;
        const reader = readers[at];
        if (reader?.isReady() !== true) continue;
        next = (at + 1) % count;
        return reader.side;
      }
      return own?.isReady() === true ? own.side : null;
    },
    follow(route, left) {
      // What is taken for dead would keep its readers' callers waiting.
      if (left?.leaving === "abandon" && left.dataCentre === readFrom) {
        const createError = () => new SwitchedError(left.dataCentre, route.active, route.epoch);
        for (const { side } of own === null ? readers : [...readers, own]) side.abandon(createError);
      }
      const mayRead = (name: string) => name === route.active || (route.dataCentres[name]?.readable ?? false);
      readFrom = isLocal ? findNearest(config, route.active, mayRead) : route.active;
      readers = (sources[readFrom]?.replicas ?? []).flatMap(
        (replica) => sides.reader(readFrom, replica) ?? [],
      );
      isRandom = (sources[readFrom]?.loadBalance ?? router.loadBalance) === "random";
      own = readFrom === route.active ? null : sides.reader(readFrom, null);
      next = 0;
    },
  };
}
