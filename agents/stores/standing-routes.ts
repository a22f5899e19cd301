import { Route, routeKey } from "@evenkeel/contracts/route";
import type { RangeReading, StoreChange } from "@evenkeel/contracts/route-store";
import type { RouteWitness } from "@evenkeel/core/health/heartbeat";

/** The routes as they stand in one store, as its watch tells them. */
export interface StandingRoutes {
  read(entries: RangeReading["entries"]): void;
  change(changes: readonly Pick<StoreChange, "key" | "value">[]): void;
  connect(connected: boolean): void;
  /** The route at a key; null: none, or none that can be read; undefined: the store is not heard. */
  find(key: string): Route | null | undefined;
}

/** Other keys of an instance, beats and processes above all, change all the time. */
const IS_ROUTE = /\/route\/[^/]+$/;

/**
 * Keeps the routes that stand in a store.
 *
 * @param onChange called when one of them has changed
 */
export function createStandingRoutes(onChange: () => void): StandingRoutes {
  let standing: Map<string, Route | null> | null = null;
  let isConnected = true;
  return {
    read(entries) {
      const routes = entries.filter(({ key }) => IS_ROUTE.test(key));
      standing = new Map(routes.map(({ key, value }) => [key, parse(value)]));
      onChange();
    },
    change(changes) {
      const routes = changes.filter(({ key }) => IS_ROUTE.test(key));
      for (const { key, value } of routes) standing?.set(key, value === null ? null : parse(value));
      if (routes.length > 0) onChange();
    },
    connect(connected) {
      isConnected = connected;
      onChange();
    },
    find: (key) => (standing === null || !isConnected ? undefined : (standing.get(key) ?? null)),
  };
}

function parse(text: string): Route | null {
  try {
    return Route.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** A store as it may be a witness. */
export interface WitnessStore {
  /** Ids of the sites whose agents write to it; none: all of them. */
  readonly sites: readonly string[];
  readonly routes: StandingRoutes;
  /** Whether the store took our last beat. */
  readonly isReachable: boolean;
}

/** Whom an agent hears of routes. */
export interface Witnesses {
  readonly instanceId: string;
  /** What the control plane told in the present connection, by key; null: it is not heard, or has not told all. */
  readonly told: ReadonlyMap<string, { readonly route: Route }> | null;
  readonly stores: readonly WitnessStore[];
}

/**
 * Lists who tells where the writes of a monitor go.
 *
 * @param witnesses whom this agent hears
 * @param monitor the monitor
 */
export function listWitnesses(
  { instanceId, told, stores }: Witnesses,
  monitor: { readonly id: string; readonly applicationId: string },
): RouteWitness[] {
  const key = routeKey(instanceId, monitor.applicationId, monitor.id);
  const heard = stores.flatMap(({ sites, routes, isReachable }): RouteWitness[] => {
    const route = isReachable ? routes.find(key) : undefined;
    if (route === undefined) return [];
    return [{ by: sites.length === 0 ? "shared-store" : "site-store", route }];
  });
  if (told === null) return heard;
  return [{ by: "control-plane", route: told.get(key)?.route ?? null }, ...heard];
}
