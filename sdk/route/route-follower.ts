import { applicationPrefix, beatPrefix, Route } from "@evenkeel/contracts/route";
import type { RouteStore, StoreWatch } from "@evenkeel/contracts/route-store";
import { acceptRoute } from "./accept-route.ts";
import { type RouteSnapshot, readSnapshot, writeSnapshot } from "./snapshot.ts";

/** Where a follower's first routes came from. */
export type RouteOrigin = "store" | "snapshot" | "nowhere";

/** Who hears of routes. Called in the turn of the event loop in which the store's bytes came. */
export interface RouteListener {
  onRoute(monitor: string, route: Route): void;
  /** The watch has lost (`false`) or regained a live store; routes stay as they are. */
  onConnected(connected: boolean, message: string): void;
  /** Two decisions carry the same epoch; the first one is kept. */
  onFork(monitor: string, kept: Route, other: Route): void;
  /** Something that cannot be used: a route that is none, a snapshot that cannot be read or written. */
  onProblem(message: string): void;
}

/** Follows the routes of one application. */
export interface RouteFollower {
  /** @returns the route that is followed, or null if none is known */
  routeOf(monitor: string): Route | null;
  /** @returns a function that ends the subscription */
  subscribe(listener: RouteListener): () => void;
  /** Settles once routes are known from the store, or after the hold from the snapshot, or not at all. */
  readonly ready: Promise<RouteOrigin>;
  close(): void;
}

/** What a follower follows. */
export interface FollowRequest {
  readonly store: RouteStore;
  readonly instance: string;
  readonly application: string;
  /** Milliseconds to wait for the store before the snapshot is used. */
  readonly startHoldMs: number;
  readonly snapshot: { readonly path: string; readonly key: string } | null;
}

/** The surroundings of a follower: the machine's, or a simulator's. */
export interface FollowPorts {
  /** Acts once after so many milliseconds; the result cancels. */
  readonly after: (ms: number, act: () => void) => () => void;
  readonly readSnapshot: typeof readSnapshot;
  readonly writeSnapshot: typeof writeSnapshot;
}

const REAL: FollowPorts = {
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  readSnapshot,
  writeSnapshot,
};

interface Following {
  readonly ports: FollowPorts;
  readonly request: FollowRequest;
  readonly routes: Map<string, Route>;
  readonly listeners: Set<RouteListener>;
  closed: boolean;
  /** A snapshot is being written, or another one is due after that. */
  writing: "no" | "yes" | "again";
}

/**
 * Follows one application's routes: the store's watch while it lives, the last known route while it does not.
 *
 * @param request the store and what to follow; the follower closes the store
 * @param ports timers and snapshot file
 * @returns the follower
 */
export function followRoutes(request: FollowRequest, ports: FollowPorts = REAL): RouteFollower {
  const following: Following = {
    ports,
    request,
    routes: new Map(),
    listeners: new Set(),
    closed: false,
    writing: "no",
  };
  const { ready, arrived, give } = createReadiness();
  const watch = watchRoutes(following, arrived);
  const endHold = ports.after(request.startHoldMs, () => void fallBack(following).then(give));
  void ready.then(endHold);
  return {
    ready,
    routeOf: (monitor) => following.routes.get(monitor) ?? null,
    subscribe(listener) {
      following.listeners.add(listener);
      return () => following.listeners.delete(listener);
    },
    close() {
      following.closed = true;
      give("nowhere");
      watch.close();
      request.store.close();
    },
  };
}

function createReadiness(): {
  ready: Promise<RouteOrigin>;
  arrived: () => void;
  give: (origin: RouteOrigin) => void;
} {
  let give: (origin: RouteOrigin) => void = () => undefined;
  const ready = new Promise<RouteOrigin>((resolve) => {
    give = resolve;
  });
  return { ready, give, arrived: () => give("store") };
}

function watchRoutes(following: Following, arrived: () => void): StoreWatch {
  const { store, instance, application } = following.request;
  const prefix = `${applicationPrefix(instance, application)}route/`;
  const take = (entries: readonly { readonly key: string; readonly value: string | null }[]): void => {
    let changed = false;
    for (const entry of entries) {
      // A deleted key is no decision: whoever served on keeps its last route.
      if (entry.value === null) continue;
      const monitor = entry.key.slice(prefix.length);
      const route = parseRoute(entry.value);
      if (route === null) tellAll(following, (each) => each.onProblem(`${entry.key} holds no valid route`));
      else changed = adopt(following, monitor, route) || changed;
    }
    if (changed) void saveSnapshot(following);
  };
  return store.watch(
    prefix,
    {
      onReading(reading) {
        take(reading.entries);
        arrived();
      },
      onChanges: take,
      onConnected: (connected, failure) =>
        tellAll(following, (each) => each.onConnected(connected, failure?.message ?? "")),
    },
    { beatPrefix: beatPrefix(instance) },
  );
}

function parseRoute(text: string): Route | null {
  try {
    const parsed = Route.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** @returns true if the route is followed now and was not before */
function adopt(following: Following, monitor: string, incoming: Route): boolean {
  const current = following.routes.get(monitor) ?? null;
  const acceptance = acceptRoute(current, incoming);
  if (acceptance === "fork" && current !== null) {
    tellAll(following, (each) => each.onFork(monitor, current, incoming));
  }
  if (acceptance !== "follow") return false;
  following.routes.set(monitor, incoming);
  tellAll(following, (each) => each.onRoute(monitor, incoming));
  return true;
}

function tellAll(following: Following, call: (listener: RouteListener) => void): void {
  for (const listener of following.listeners) call(listener);
}

/** Uses what an earlier process left behind, because the store has not answered in time. */
async function fallBack(following: Following): Promise<RouteOrigin> {
  const { snapshot } = following.request;
  if (snapshot === null) return "nowhere";
  const read = await following.ports.readSnapshot(snapshot.path, snapshot.key);
  if (following.closed) return "nowhere";
  if (!read.ok) {
    const { problem } = read;
    if (problem.reason !== "absent") tellAll(following, (each) => each.onProblem(problem.message));
    return following.routes.size > 0 ? "store" : "nowhere";
  }
  // The epochs sort out what came first: a route of the store that arrived meanwhile is never replaced by an older one.
  let adopted = 0;
  for (const [monitor, route] of Object.entries(read.routes)) {
    if (!following.routes.has(monitor) && adopt(following, monitor, route)) adopted += 1;
  }
  return adopted > 0 ? "snapshot" : "nowhere";
}

async function saveSnapshot(following: Following): Promise<void> {
  const { snapshot } = following.request;
  if (snapshot === null) return;
  if (following.writing !== "no") {
    following.writing = "again";
    return;
  }
  do {
    following.writing = "yes";
    const routes: RouteSnapshot = Object.fromEntries(following.routes);
    try {
      await following.ports.writeSnapshot(snapshot.path, snapshot.key, routes);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      tellAll(following, (each) => each.onProblem(`the snapshot could not be written: ${why}`));
    }
  } while (wantsAgain(following));
  following.writing = "no";
}

function wantsAgain(following: Following): boolean {
  return following.writing === "again" && !following.closed;
}
