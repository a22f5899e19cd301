import type { EventEmitter } from "node:events";
import type { Route } from "@evenkeel/contracts/route";
import type { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { NoRouteError } from "../errors.ts";
import type { RouteListener, RouteOrigin } from "../route/route-follower.ts";
import { borrowFollower } from "../route/shared-followers.ts";
import { type RouteFollowing, registerSource } from "./register-source.ts";
import type { Side } from "./side.ts";
import type { SourceEvents, SwitchedEvent } from "./source-events.ts";
import type { SourceOptions } from "./source-options.ts";
import type { Switchboard } from "./switchboard.ts";
import { tellLater } from "./tell-later.ts";
import { ALWAYS, arbitrate } from "./write-arbiter.ts";

/** Origins of a first route that a later one may have replaced already. */
const UNCONFIRMED: ReadonlySet<RouteOrigin> = new Set(["snapshot", "unconfirmed"]);

/** How a data source uses its route. */
export interface RouteUse {
  route(): Route | null;
  /** @returns whether the store of the routes is reached; a local source needs none */
  isConnected(): boolean;
  end(): Promise<void>;
}

/**
 * Works without a route store: the configured data centre is active for good.
 *
 * @param config a configuration without `etcd`
 * @param board follows it
 * @returns no route
 */
export function useLocally<S extends Side>(config: SdkConfig, board: Switchboard<S>): RouteUse {
  board.follow({
    v: 1,
    epoch: 1,
    decision: "local",
    after: null,
    active: config.router.active,
    phase: "stable",
    dataCentres: Object.fromEntries(
      Object.keys(config.sources).map((name) => [name, { readable: true, writable: true }]),
    ),
    reason: "configured without a route store",
    decidedBy: "plan",
    decidedAt: "",
  });
  return { route: () => null, isConnected: () => true, end: async () => undefined };
}

/**
 * Lets a switchboard follow the route of a monitor.
 *
 * @param config a configuration with `etcd`
 * @param options of the follower
 * @param following what follows the route
 * @returns the use, after the first route is known or its hold is over
 */
export async function followRemotely<S extends Side>(
  config: SdkConfig,
  options: SourceOptions,
  following: RouteFollowing<S>,
): Promise<RouteUse> {
  const { board, events } = following;
  const { monitorId } = config.props;
  const lease = borrowFollower(config, options);
  const { follower } = lease;
  const member = registerSource(lease.registration, config, following);
  const arbiter = config.router.protection === "strict" ? lease.writeLease() : ALWAYS;
  const tellSwitched = (switched: SwitchedEvent | null): void => {
    if (switched !== null) tellLater(events, "switched", switched);
  };
  const arbitrated = arbitrate(board, arbiter, tellSwitched);
  const endArbiter = arbiter.onChange(() => {
    tellSwitched(arbitrated.reconsider());
    tellLater(events, "lease", { held: arbiter.mayWrite() });
  });
  const take = (route: Route): void => {
    const monotonicMs = performance.now();
    const switched = arbitrated.follow(route);
    member.follow(route);
    tellLater(events, "route", { route, atMs: performance.timeOrigin + monotonicMs, monotonicMs });
    tellSwitched(switched);
    if (route.phase === "retired") tellLater(events, "retired", { route });
  };
  const unsubscribe = follower.subscribe(listen(monitorId, take, board, events));
  board.reread = () => follower.reread();
  const known = follower.routeOf(monitorId);
  if (known !== null) take(known);
  const origin = await follower.ready;
  const first = follower.routeOf(monitorId);
  if (first !== null && UNCONFIRMED.has(origin)) tellLater(events, "unconfirmed", { route: first });
  return {
    route: () => follower.routeOf(monitorId),
    isConnected: () => follower.isConnected(),
    async end() {
      unsubscribe();
      endArbiter();
      member.leave();
      await lease.release();
    },
  };
}

/** What a data source makes of its follower's news. */
function listen<S extends Side>(
  monitorId: string,
  take: (route: Route) => void,
  board: Switchboard<S>,
  events: EventEmitter<SourceEvents>,
): RouteListener {
  return {
    onRoute(monitor, route) {
      if (monitor === monitorId) take(route);
    },
    onConnected(connected, message) {
      if (connected) return tellLater(events, "connected");
      tellLater(events, "stale", { message });
      // Whoever calls without a route shall read why there is none.
      if (board.active === null) board.refusal = new NoRouteError(`no route is known yet: ${message}`);
    },
    onFork(monitor, kept, other) {
      if (monitor === monitorId) tellLater(events, "fork", { kept, other });
    },
    onProblem: (message) => tellLater(events, "problem", { message }),
  };
}
