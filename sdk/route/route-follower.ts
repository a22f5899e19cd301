import { applicationPrefix, beatPrefix, Route } from "@evenkeel/contracts/route";
import type { RouteStore, StoreWatch } from "@evenkeel/contracts/route-store";
import { acceptRoute } from "./accept-route.ts";
import type { AskElsewhere, Teller, Told } from "./ask-elsewhere.ts";
import { confirmStore, readConfirmed } from "./confirm-store.ts";
import { type Consultation, consult } from "./consult.ts";
import { type RouteSnapshot, readSnapshot, writeSnapshot } from "./snapshot.ts";

/** Where a follower's first routes came from; `unconfirmed`: from a store of which no site says that it is up to date. */
export type RouteOrigin = "store" | Teller | "unconfirmed" | "snapshot" | "nowhere";

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
  /**
   * Reads the routes now, because something says that the one in hand may be out of date. Calls at the same time share
   * one reading. It settles when that is done, whether or not the store has answered.
   */
  reread(): Promise<void>;
  /**
   * Reads which beats of sites are confirmed, and then the routes.
   *
   * @returns the confirmed beats by key, each with its revision; null: the store did not answer
   */
  confirm(): Promise<ReadonlyMap<string, number> | null>;
  /** @returns a function that ends the subscription */
  subscribe(listener: RouteListener): () => void;
  /** @returns whether the watch has a live store */
  isConnected(): boolean;
  /** Settles once routes are known from a store that is confirmed, or after the hold with whatever is known. */
  readonly ready: Promise<RouteOrigin>;
  close(): void;
}

/** What a follower follows. */
export interface FollowRequest {
  readonly store: RouteStore;
  readonly instance: string;
  readonly application: string;
  /** Milliseconds to wait for a confirmed store before the snapshot is used. */
  readonly startHoldMs: number;
  readonly snapshot: { readonly path: string; readonly key: string } | null;
  /** Who is asked while the store does not tell the routes; absent or null: nobody. */
  readonly askElsewhere?: AskElsewhere | null;
}

/** The surroundings of a follower: the machine's, or a simulator's. */
export interface FollowPorts {
  /** Acts once after so many milliseconds; the result cancels. */
  readonly after: (ms: number, act: () => void) => () => void;
  /** A random number from 0 up to 1. */
  readonly random: () => number;
  readonly readSnapshot: typeof readSnapshot;
  readonly writeSnapshot: typeof writeSnapshot;
}

const REAL: FollowPorts = {
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  readSnapshot,
  writeSnapshot,
};

interface Following {
  readonly ports: FollowPorts;
  readonly request: FollowRequest;
  readonly routes: Map<string, Route>;
  readonly listeners: Set<RouteListener>;
  closed: boolean;
  isConnected: boolean;
  /** Whether the store has been read, be it confirmed or not. */
  hasReading: boolean;
  /** Before it is known what to start with, the snapshot stays as the last process left it. */
  isSettled: boolean;
  /** A snapshot is being written, or another one is due after that. */
  writing: "no" | "yes" | "again";
  rereading: Promise<void> | null;
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
    isConnected: false,
    hasReading: false,
    isSettled: false,
    writing: "no",
    rereading: null,
  };
  const { ready, give } = createReadiness();
  const consultation = consultOthers(following, give);
  const watch = watchRoutes(following, consultation.look);
  const endHold = ports.after(request.startHoldMs, () => void fallBack(following).then(give));
  void ready.then(() => {
    following.isSettled = true;
    endHold();
    void saveSnapshot(following);
  });
  awaitConfirmation(following, () => give("store"));
  consultation.look();
  return {
    ready,
    routeOf: (monitor) => following.routes.get(monitor) ?? null,
    reread: () => reread(following),
    isConnected: () => following.isConnected,
    confirm: () => confirm(following),
    subscribe(listener) {
      following.listeners.add(listener);
      return () => following.listeners.delete(listener);
    },
    close() {
      following.closed = true;
      give("nowhere");
      consultation.close();
      watch.close();
      request.store.close();
    },
  };
}

function createReadiness(): { ready: Promise<RouteOrigin>; give: (origin: RouteOrigin) => void } {
  let give: (origin: RouteOrigin) => void = () => undefined;
  const ready = new Promise<RouteOrigin>((resolve) => {
    give = resolve;
  });
  return { ready, give };
}

const prefixOf = ({ instance, application }: FollowRequest): string =>
  `${applicationPrefix(instance, application)}route/`;

function awaitConfirmation(following: Following, confirmed: () => void): void {
  const { request, ports } = following;
  void confirmStore({
    ...{ store: request.store, instance: request.instance, prefix: prefixOf(request), after: ports.after },
    isOver: () => following.isSettled || following.closed,
    onConfirmed(reading) {
      take(following, reading.entries);
      confirmed();
    },
  });
}

function reread(following: Following): Promise<void> {
  following.rereading ??= readAgain(following).finally(() => {
    following.rereading = null;
  });
  return following.rereading;
}

async function confirm(following: Following): Promise<ReadonlyMap<string, number> | null> {
  const { store, instance } = following.request;
  const found = await readConfirmed(store, instance, prefixOf(following.request));
  if (found === null || following.closed) return null;
  take(following, found.reading.entries);
  return found.beats;
}

async function readAgain(following: Following): Promise<void> {
  const { store } = following.request;
  const reading = await store.range(prefixOf(following.request), { prefix: true });
  if (following.closed) return;
  if (reading.ok) take(following, reading.value.entries);
  else tellAll(following, (each) => each.onProblem(`the route could not be read again: ${reading.message}`));
}

/** Asks others as long as the store is not confirmed at the start, or is not heard later. */
function consultOthers(following: Following, give: (origin: RouteOrigin) => void): Consultation {
  const { request, ports } = following;
  const ask = request.askElsewhere ?? null;
  if (ask === null) return { look: () => undefined, close: () => undefined };
  const need = () => (!following.isSettled ? "start" : following.isConnected ? null : "serving");
  const onTold = ({ by, told }: Told): void => {
    const entries = Object.entries(told.routes);
    const adopted = entries.filter(([monitor, route]) => adopt(following, monitor, route));
    if (adopted.length > 0) void saveSnapshot(following);
    // A change that no store holds yet may be the one that counts: the next answer tells.
    if (told.pending.length === 0) give(by);
  };
  return consult({ ask, after: ports.after, random: ports.random, need, onTold });
}

function watchRoutes(following: Following, onLost: () => void): StoreWatch {
  const { store, instance } = following.request;
  return store.watch(
    prefixOf(following.request),
    {
      onReading(reading) {
        following.hasReading = true;
        take(following, reading.entries);
      },
      onChanges: (changes) => take(following, changes),
      onConnected(connected, failure) {
        following.isConnected = connected;
        if (!connected) onLost();
        tellAll(following, (each) => each.onConnected(connected, failure?.message ?? ""));
      },
    },
    { beatPrefix: beatPrefix(instance) },
  );
}

function take(
  following: Following,
  entries: readonly { readonly key: string; readonly value: string | null }[],
): void {
  const prefix = prefixOf(following.request);
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

/** Uses what an earlier process left behind, because no confirmed store has answered in time. */
async function fallBack(following: Following): Promise<RouteOrigin> {
  const { snapshot } = following.request;
  const known = following.hasReading ? "unconfirmed" : "nowhere";
  if (snapshot === null) return known;
  const read = await following.ports.readSnapshot(snapshot.path, snapshot.key);
  if (following.closed) return "nowhere";
  if (!read.ok) {
    const { problem } = read;
    if (problem.reason !== "absent") tellAll(following, (each) => each.onProblem(problem.message));
    return known;
  }
  // The epochs sort out which is the later one, where the store has a route too.
  let adopted = 0;
  for (const [monitor, route] of Object.entries(read.routes)) {
    if (adopt(following, monitor, route)) adopted += 1;
  }
  return adopted > 0 ? "snapshot" : known;
}

async function saveSnapshot(following: Following): Promise<void> {
  const { snapshot } = following.request;
  if (snapshot === null || following.closed || !following.isSettled || following.routes.size === 0) return;
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
