import type { RouteWrite, WrittenFrame } from "@evenkeel/contracts/agent-protocol";
import type { PlannedStore } from "@evenkeel/contracts/plan";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import type { z } from "zod";
import type { RunningBeat } from "./beat.ts";
import type { MirrorSet } from "./mirror-set.ts";
import type { StandingRoutes } from "./standing-routes.ts";
import { type KnownEntries, writeRoute } from "./write-route.ts";

/** What became of routes, for the control plane. */
export type WrittenResults = z.infer<typeof WrittenFrame>["results"];

/** One store that is open. */
export interface OpenStore {
  readonly planned: PlannedStore;
  readonly store: RouteStore;
  readonly beat: RunningBeat;
  readonly watch: { stop(): void };
  readonly standing: StandingRoutes;
  readonly known: KnownEntries;
  /** Monitors whose route was told, and is not known to stand here. */
  readonly unsure: Set<string>;
}

/** What writing needs beside the stores. */
export interface WritePlace {
  readonly instanceId: string;
  readonly mirrors: MirrorSet;
}

/**
 * Writes routes to stores, all at once.
 *
 * @param place instance and mirrors
 * @param stores the stores
 * @param writes the routes
 */
export function writeStores(
  place: WritePlace,
  stores: readonly OpenStore[],
  writes: readonly RouteWrite[],
): Promise<WrittenResults> {
  const jobs = stores.flatMap(({ planned, store, known, unsure }) =>
    writes.map(async (write): Promise<WrittenResults[number]> => {
      unsure.add(write.monitorId);
      const also = place.mirrors.render(planned, write);
      const { outcome, tookMs } = await writeRoute(store, known, place.instanceId, write, also);
      const { monitorId, route, step } = write;
      if (outcome.result === "stored") unsure.delete(monitorId);
      return { monitorId, store: planned.id, epoch: route.epoch, step, tookMs, outcome };
    }),
  );
  return Promise.all(jobs);
}

/**
 * Lists the keys whose route was told and is not known to stand in a store: what could not be settled while it was away
 * has to be settled once it is back, because nobody will tell of it again.
 *
 * @param told the routes that the control plane told, by key
 * @param unsure monitors whose route is not known to stand there
 */
export function listUnsure(told: ReadonlyMap<string, RouteWrite>, unsure: ReadonlySet<string>): string[] {
  return [...told].flatMap(([key, write]) => (unsure.has(write.monitorId) ? key : []));
}
