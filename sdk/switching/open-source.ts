import { EventEmitter } from "node:events";
import type { Route } from "@evenkeel/contracts/route";
import type { SdkConfig, SdkConfigInput, SdkSource } from "@evenkeel/contracts/sdk-config";
import { parseConfig } from "../config/parse-config.ts";
import { NoRouteError } from "../errors.ts";
import type { RouteListener } from "../route/route-follower.ts";
import { borrowFollower, type FollowOptions } from "../route/shared-followers.ts";
import type { Position } from "./judge-switch.ts";
import { keepWarm, type Warmer } from "./keep-warm.ts";
import type { Side } from "./side.ts";
import type { SourceEvents } from "./source-events.ts";
import { createSwitchboard, type Switchboard } from "./switchboard.ts";

/** Options that all drivers share. */
export interface SourceOptions extends FollowOptions {
  /** Milliseconds for which used connections may finish after a planned switch. Default 5000. */
  readonly drainMs?: number;
  /** Milliseconds that an attempt to connect may take. Default 3000. */
  readonly connectTimeoutMs?: number;
  /** Values for `${NAME}` in the configuration; the environment if left out. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

/** What every data source offers beside its driver's own interface. */
export interface RoutedSource {
  on<K extends keyof SourceEvents>(event: K, listener: (...args: SourceEvents[K]) => void): void;
  off<K extends keyof SourceEvents>(event: K, listener: (...args: SourceEvents[K]) => void): void;
  /** @returns the route that is followed, or null if none is known (or the source is local) */
  route(): Route | null;
  /** Ends connections, watches and timers. */
  close(): Promise<void>;
}

const DEFAULT_DRAIN_MS = 5000;
const DEFAULT_CONNECT_TIMEOUT_MS = 3000;

/** How a driver makes a side. */
export interface SideRequest {
  readonly dataCentre: string;
  readonly source: SdkSource;
  readonly readOnly: boolean;
  readonly connectTimeoutMs: number;
  /** A connection that was not in use broke. */
  readonly onBroken: () => void;
}

/** A side of which connections can be kept warm. `check` proves one that is not in use, within its own bound. */
export interface WarmSide extends Side {
  check(): Promise<void>;
}

/** A source under construction: the driver builds its interface over `board`. */
export interface OpenedSource<S extends Side> {
  readonly config: SdkConfig;
  readonly board: Switchboard<S>;
  readonly source: RoutedSource;
}

/**
 * Opens what all data sources have in common: configuration, routes, sides kept warm, events.
 *
 * @param input the configuration, as text or object
 * @param options see `SourceOptions`
 * @param createSide makes the connections of one data centre
 * @returns the source, after the first route is known or its hold is over
 * @throws ConfigError if the configuration is not valid
 */
export async function openSource<S extends WarmSide>(
  input: string | SdkConfigInput,
  options: SourceOptions,
  createSide: (request: SideRequest) => S,
): Promise<OpenedSource<S>> {
  const config = parseConfig(input, options.variables);
  const events = new EventEmitter<SourceEvents>();
  const sides = createSides(config, options, createSide, events);
  const board = createSwitchboard<S>({
    sideOf: sides.sideOf,
    drainMs: options.drainMs ?? DEFAULT_DRAIN_MS,
  });
  const routes =
    config.etcd === undefined
      ? useLocally(config, board)
      : await followRemotely(config, options, board, events);
  const source: RoutedSource = {
    on: (event, listener) => void events.on(event, listener as never),
    off: (event, listener) => void events.off(event, listener as never),
    route: routes.route,
    async close() {
      routes.end();
      board.close();
      sides.close();
    },
  };
  return { config, board, source };
}

interface Sides<S> {
  sideOf(position: Position): S | null;
  close(): void;
}

/** The sides for writing are opened at once and kept warm; one for reading only is opened when a route asks for it. */
function createSides<S extends WarmSide>(
  config: SdkConfig,
  options: SourceOptions,
  createSide: (request: SideRequest) => S,
  events: EventEmitter<SourceEvents>,
): Sides<S> {
  const sides = new Map<string, { side: S; warmer: Warmer }>();
  const open = (dataCentre: string, source: SdkSource, readOnly: boolean): S => {
    let warmer: Warmer | null = null;
    const side = createSide({
      dataCentre,
      source,
      readOnly,
      connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
      onBroken: () => warmer?.hurry(),
    });
    warmer = keepWarm(
      () => side.check(),
      (ready, message) => later(events, "warm", { dataCentre, ready, message }),
    );
    sides.set(keyOf({ dataCentre, writable: !readOnly }), { side, warmer });
    return side;
  };
  for (const [dataCentre, source] of Object.entries(config.sources)) open(dataCentre, source, false);
  return {
    sideOf(position) {
      const source = config.sources[position.dataCentre];
      if (source === undefined) return null;
      return sides.get(keyOf(position))?.side ?? open(position.dataCentre, source, !position.writable);
    },
    close() {
      for (const { side, warmer } of sides.values()) {
        warmer.close();
        side.close();
      }
    },
  };
}

function keyOf(position: Position): string {
  return `${position.dataCentre}/${position.writable ? "read-write" : "read-only"}`;
}

/** Listeners run after the switch, in a turn of their own: none can delay it, and what one throws is uncaught. */
function later<K extends keyof SourceEvents>(
  events: EventEmitter<SourceEvents>,
  event: K,
  ...args: SourceEvents[K]
): void {
  setImmediate(() => void events.emit(event, ...(args as never)));
}

interface RouteUse {
  route(): Route | null;
  end(): void;
}

function useLocally<S extends Side>(config: SdkConfig, board: Switchboard<S>): RouteUse {
  board.follow({
    v: 1,
    epoch: 1,
    decision: "local",
    after: null,
    active: config.router.active,
    phase: "stable",
    dataCentres: { [config.router.active]: { readable: true, writable: true } },
    reason: "configured without a route store",
    decidedBy: "plan",
    decidedAt: "",
  });
  return { route: () => null, end: () => undefined };
}

async function followRemotely<S extends Side>(
  config: SdkConfig,
  options: SourceOptions,
  board: Switchboard<S>,
  events: EventEmitter<SourceEvents>,
): Promise<RouteUse> {
  const { monitorId } = config.props;
  const lease = borrowFollower(config, options);
  const { follower } = lease;
  const take = (route: Route): void => {
    const monotonicMs = performance.now();
    const switched = board.follow(route);
    later(events, "route", { route, atMs: performance.timeOrigin + monotonicMs, monotonicMs });
    if (switched !== null) later(events, "switched", switched);
    if (route.phase === "retired") later(events, "retired", { route });
  };
  const listener: RouteListener = {
    onRoute(monitor, route) {
      if (monitor === monitorId) take(route);
    },
    onConnected(connected, message) {
      if (connected) return later(events, "connected");
      later(events, "stale", { message });
      // Whoever calls without a route shall read why there is none.
      if (board.active === null) board.refusal = new NoRouteError(`no route is known yet: ${message}`);
    },
    onFork(monitor, kept, other) {
      if (monitor === monitorId) later(events, "fork", { kept, other });
    },
    onProblem: (message) => later(events, "problem", { message }),
  };
  const unsubscribe = follower.subscribe(listener);
  const known = follower.routeOf(monitorId);
  if (known !== null) take(known);
  const origin = await follower.ready;
  const first = follower.routeOf(monitorId);
  if (origin === "snapshot" && first !== null) later(events, "unconfirmed", { route: first });
  return {
    route: () => follower.routeOf(monitorId),
    end() {
      unsubscribe();
      lease.release();
    },
  };
}
