import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Beat, beatPrefix, Route, routeKey } from "@evenkeel/contracts/route";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { EngineHandle } from "@evenkeel/lab/engines/engine-handle";
import { startEtcd } from "@evenkeel/lab/engines/etcd";
import { type LabEngine, listPrograms, locateEngine } from "@evenkeel/lab/engines/lab-engines";
import { labPorts } from "@evenkeel/lab/processes/ports";
import { createSupervisor, type Supervisor } from "@evenkeel/lab/processes/supervisor";
import { ensurePrograms, isFound } from "@evenkeel/lab/setup/programs";
import { openRouteStore } from "@evenkeel/route-store/open-route-store";

const PORT_BASE_OF_LAB = 24_000;
const INSTANCE = "inst1";
const APPLICATION = "shop";
const MONITOR = "db1";

/** An engine in two data centres, and a route store. */
export interface TwoSites {
  readonly engine: EngineHandle;
  readonly directory: string;
  /** What keeps the servers, and ends whatever else was given to it. */
  readonly supervisor: Supervisor;
  /** A configuration as the console would hand it out. */
  readonly config: SdkConfigInput;
  readonly store: RouteStore;
  /** Writes the next beat of a site that the control plane confirms; one stands from the start. */
  beat(): Promise<void>;
  /** Writes the next route. @returns it, and when the store acknowledged it */
  route(change: Partial<Route>): Promise<{ route: Route; acknowledgedMs: number }>;
  destroy(): Promise<void>;
}

/** @returns the two sites, or why they cannot be had on this machine */
export async function startTwoSites(engine: LabEngine, portBase: number): Promise<TwoSites | string> {
  const programs = await ensurePrograms(["etcd", ...listPrograms([engine])], () => undefined);
  if (!isFound(programs.etcd)) return programs.etcd.missing;
  const start = await locateEngine(engine, () => undefined, false);
  if (typeof start !== "function") return start.missing;
  const stateDir = mkdtempSync(join(tmpdir(), "evenkeel-sdk-"));
  const made = await createSupervisor(stateDir);
  if (!made.ok) return made.message;
  const ports = labPorts(0);
  for (const name of Object.keys(ports) as (keyof typeof ports)[]) {
    Object.assign(ports, { [name]: ports[name] - PORT_BASE_OF_LAB + portBase });
  }
  const request = { stateDir, ports, supervisor: made.supervisor, say: () => undefined };
  const [routes, started] = await Promise.all([
    startEtcd({ ...request, program: programs.etcd }),
    start(request),
  ]);
  if (!routes.ok) throw new Error(routes.message);
  if (!started.ok) throw new Error(started.message);
  const etcd = routes.handle;
  const { handle } = started;
  const store = openRouteStore({ endpoints: [...etcd.endpoints], ...etcd.users.agent, deadlineMs: 10_000 });
  // No agent runs here: the test itself is the site that knows the latest route.
  const beat = createHeart(store);
  await beat();
  return {
    engine: handle,
    directory: stateDir,
    supervisor: made.supervisor,
    store,
    beat,
    config: renderConfig(handle, etcd.endpoints, etcd.users.sdk),
    route: createRouteWriter(store),
    async destroy() {
      store.close();
      for (const site of ["dc1", "dc2"] as const) handle.dataCentres[site].process.cont();
      await made.supervisor.end();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

function createHeart(store: RouteStore): TwoSites["beat"] {
  let count = 0;
  return async () => {
    const beat: Beat = { v: 1, confirmedBy: "edge", count };
    count += 1;
    const beaten = await store.put({ key: `${beatPrefix(INSTANCE)}dc1`, value: JSON.stringify(beat) });
    if (!beaten.ok) throw new Error(beaten.message);
  };
}

function renderConfig(
  engine: EngineHandle,
  endpoints: readonly string[],
  user: { user: string; password: string },
): SdkConfigInput {
  const sources = Object.fromEntries(
    Object.entries(engine.dataCentres).map(([name, site]) => [
      name,
      {
        host: site.host,
        port: site.port,
        username: site.users.app.user,
        password: site.users.app.password,
        ...(site.database === undefined ? {} : { database: site.database }),
      },
    ]),
  );
  return {
    props: { version: "v1", instanceId: INSTANCE, appId: APPLICATION, monitorId: MONITOR },
    etcd: {
      address: endpoints.map((endpoint) => endpoint.replace(/^https?:\/\//, "")).join(","),
      username: user.user,
      password: user.password,
    },
    sources,
    router: { active: "dc1", algorithm: "single-read-write" },
  };
}

function createRouteWriter(store: RouteStore): TwoSites["route"] {
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
