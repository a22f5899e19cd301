import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { PROCESS_LEASE_S, type ProcessRecord, processKey } from "@evenkeel/contracts/process";
import type { Route } from "@evenkeel/contracts/route";
import type { RouteStore, StoreFailure } from "@evenkeel/contracts/route-store";
import { VERSION } from "../version.ts";
import { type KeepPorts, keepEntry } from "./keep-entry.ts";

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
  /** Hears why the process cannot be registered, once per cause. */
  onProblem(message: string): void;
}

/** One data source of this process. */
export interface Member {
  /** The data source follows a route now. */
  follow(route: Route): void;
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
    join(monitorId, source) {
      const member: Entry = { monitorId, source, route: null };
      members.add(member);
      return {
        follow(route) {
          member.route = route;
          entry.touch();
        },
        leave() {
          if (members.delete(member) && members.size > 0) entry.touch();
        },
      };
    },
    end: () => entry.end(),
  };
}

/** Of several data sources on one monitor the one that is furthest behind counts, and the connections of all. */
function listRoutes(members: ReadonlySet<Entry>): ProcessRecord["routes"] {
  const routes: ProcessRecord["routes"] = {};
  for (const { monitorId, source, route } of members) {
    if (route === null) continue;
    const known = routes[monitorId];
    const { epoch, decision } = known !== undefined && known.epoch <= route.epoch ? known : route;
    routes[monitorId] = { epoch, decision, connections: (known?.connections ?? 0) + source.busy() };
  }
  return routes;
}
