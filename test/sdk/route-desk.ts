import { type FollowedRoute, ProcessRecord, processPrefix } from "@evenkeel/contracts/process";
import { type Beat, beatPrefix, Route, routeKey } from "@evenkeel/contracts/route";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { EtcdHandle } from "@evenkeel/lab/engines/etcd";
import { openRouteStore } from "@evenkeel/route-store/open-route-store";

const INSTANCE = "inst1";
const APPLICATION = "shop";
const MONITOR = "db1";

/** A route store, and who writes into it as agents would. */
export interface RouteDesk {
  readonly store: RouteStore;
  /** How a configuration names the monitor, and where its routes are. */
  readonly config: Pick<SdkConfigInput, "props" | "etcd">;
  /** Writes the next beat of a site that the control plane confirms; one stands from the start. */
  beat(): Promise<void>;
  /** How each registered process follows the route. */
  followed(): Promise<readonly FollowedRoute[]>;
  /** Writes the next route. @returns it, and when the store acknowledged it */
  route(change: Partial<Route>): Promise<{ route: Route; acknowledgedMs: number }>;
}

/** @returns the desk, once the first beat stands and processes may register */
export async function openRouteDesk({ endpoints, users, letSdkWrite }: EtcdHandle): Promise<RouteDesk> {
  await letSdkWrite(processPrefix(INSTANCE, APPLICATION));
  const store = openRouteStore({ endpoints: [...endpoints], ...users.agent, deadlineMs: 10_000 });
  // No agent runs here: the test itself is the site that knows the latest route.
  const beat = createHeart(store);
  await beat();
  return {
    ...{ store, beat, route: createRouteWriter(store) },
    followed: () => listFollowed(store),
    config: {
      props: { version: "v1", instanceId: INSTANCE, appId: APPLICATION, monitorId: MONITOR },
      etcd: {
        address: endpoints.map((endpoint) => endpoint.replace(/^https?:\/\//, "")).join(","),
        username: users.sdk.user,
        password: users.sdk.password,
      },
    },
  };
}

async function listFollowed(store: RouteStore): Promise<readonly FollowedRoute[]> {
  const found = await store.range(processPrefix(INSTANCE, APPLICATION), { prefix: true });
  if (!found.ok) throw new Error(found.message);
  const records = found.value.entries.map(({ value }) => ProcessRecord.parse(JSON.parse(value)));
  return records.flatMap(({ routes }) => routes[MONITOR] ?? []);
}

function createHeart(store: RouteStore): RouteDesk["beat"] {
  let count = 0;
  return async () => {
    const beat: Beat = { v: 1, confirmedBy: "edge", count };
    count += 1;
    const beaten = await store.put({ key: `${beatPrefix(INSTANCE)}dc1`, value: JSON.stringify(beat) });
    if (!beaten.ok) throw new Error(beaten.message);
  };
}

function createRouteWriter(store: RouteStore): RouteDesk["route"] {
  const open = { readable: true, writable: true };
  let current: Route | null = null;
  let revision = 0;
  return async (change) => {
    const next: Route = Route.parse({
      v: 1,
      phase: "stable",
      dataCentres: { dc1: open, dc2: open },
      active: current?.active ?? "dc1",
      reason: "a test",
      decidedBy: "ARB-23",
      decidedAt: "",
      ...change,
      epoch: (current?.epoch ?? 0) + 1,
      decision: `dec-${(current?.epoch ?? 0) + 1}`,
      after: current?.decision ?? null,
    });
    const key = routeKey(INSTANCE, APPLICATION, MONITOR);
    const result = await store.swap({ key, value: JSON.stringify(next) }, revision);
    if (!result.ok) throw new Error(result.message);
    if (!result.value.swapped) throw new Error("somebody else wrote the route");
    revision = result.value.revision;
    current = next;
    return { route: next, acknowledgedMs: performance.now() };
  };
}
