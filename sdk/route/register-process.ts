import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import {
  type FollowedRoute,
  PROCESS_LEASE_S,
  type ProcessRecord,
  processKey,
} from "@evenkeel/contracts/process";
import type { Route } from "@evenkeel/contracts/route";
import type { RouteStore, StoreFailure } from "@evenkeel/contracts/route-store";
import { VERSION } from "../version.ts";
import { type KeepPorts, type KeptEntry, keepEntry } from "./keep-entry.ts";

/** What the registration of this process is told. */
export interface Registration {
  /**
   * Takes in a data source that follows a monitor.
   *
   * @param monitorId the monitor
   * @param source what is told of it, and who hears of problems
   */
  join(monitorId: string, source: JoinedSource): Member;
  /** Ends the registration: the process vanishes from the list. */
  end(): Promise<void>;
}

/** A data source as the registration knows it. */
export interface JoinedSource {
  /** @returns number of its connections that are in use */
  busy(): number;
  /** Milliseconds for which it holds new writes when a switch is announced; 0: it does not. */
  readonly holdMs: number;
  /** Hears why the process cannot be registered, once per cause. */
  onProblem(message: string): void;
}

/** One data source of this process. */
export interface Member {
  /** The data source follows a route now. */
  follow(route: Route): void;
  /** What was under way when this route announced a switch has ended. */
  drained(route: Route): void;
  leave(): void;
}

/** Where a process registers. */
export interface RegisterRequest {
  readonly store: RouteStore;
  readonly instance: string;
  readonly application: string;
}

const REAL: KeepPorts = {
  after(ms, act) {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

interface Entry {
  readonly monitorId: string;
  readonly source: JoinedSource;
  route: Route | null;
  isDrained: boolean;
}

/**
 * Registers this process with the route store under a lease, so that people see who follows which route. It is told
 * after each switch, never asked: whether it succeeds changes nothing for the application.
 *
 * @param request where
 * @param ports timers and randomness
 */
export function registerProcess(request: RegisterRequest, ports: KeepPorts = REAL): Registration {
  const { store, instance, application } = request;
  const startedAt = new Date().toISOString();
  const members = new Set<Entry>();
  let toldReason: string | null = null;

  function render(): string | null {
    const routes = listRoutes(members);
    if (Object.keys(routes).length === 0) return null;
    const sdk = `evenkeel-node ${VERSION}`;
    const record: ProcessRecord = { v: 1, host: hostname(), pid: process.pid, sdk, startedAt, routes };
    return JSON.stringify(record);
  }

  function onFailure({ reason, message }: StoreFailure): void {
    // That a store is away is told by the watch already.
    if (reason === "unavailable" || reason === toldReason) return;
    toldReason = reason;
    const words = `this process cannot be registered, so that nobody sees which route it follows: ${message}`;
    for (const { source } of members) source.onProblem(words);
  }

  const key = processKey(instance, application, randomUUID());
  const entry = keepEntry({ store, key, leaseS: PROCESS_LEASE_S, render, onFailure }, ports);
  return {
    join: (monitorId, source) =>
      addMember(members, entry, { monitorId, source, route: null, isDrained: false }),
    end: () => entry.end(),
  };
}

function addMember(members: Set<Entry>, entry: KeptEntry, member: Entry): Member {
  members.add(member);
  return {
    follow(route) {
      member.route = route;
      member.isDrained = false;
      entry.touch();
    },
    drained(route) {
      if (member.route?.decision !== route.decision) return;
      member.isDrained = true;
      entry.touch();
    },
    leave() {
      if (members.delete(member) && members.size > 0) entry.touch();
    },
  };
}

/**
 * Of several data sources on one monitor the one that is furthest behind counts, and the connections of all; those that
 * hold are drained once all of them are.
 */
function listRoutes(members: ReadonlySet<Entry>): ProcessRecord["routes"] {
  const routes: ProcessRecord["routes"] = {};
  for (const member of members) {
    const { monitorId, source, route } = member;
    if (route === null) continue;
    const known = routes[monitorId];
    const { epoch, decision } = known !== undefined && known.epoch <= route.epoch ? known : route;
    const connections = (known?.connections ?? 0) + source.busy();
    routes[monitorId] = { epoch, decision, connections, ...describeHold(member, known) };
  }
  return routes;
}

function describeHold(
  { source: { holdMs }, isDrained }: Entry,
  known: FollowedRoute | undefined,
): Pick<FollowedRoute, "holdMs" | "isDrained"> {
  if (known?.holdMs === undefined) return holdMs === 0 ? {} : { holdMs, isDrained };
  if (holdMs === 0) return { holdMs: known.holdMs, isDrained: known.isDrained };
  return { holdMs: Math.min(known.holdMs, holdMs), isDrained: isDrained && known.isDrained === true };
}
