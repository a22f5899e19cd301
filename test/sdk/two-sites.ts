import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { EngineHandle } from "@evenkeel/lab/engines/engine-handle";
import { startEtcd } from "@evenkeel/lab/engines/etcd";
import { type LabEngine, listPrograms, locateEngine } from "@evenkeel/lab/engines/lab-engines";
import { labPorts } from "@evenkeel/lab/processes/ports";
import { createSupervisor, type Supervisor } from "@evenkeel/lab/processes/supervisor";
import { ensurePrograms, isFound } from "@evenkeel/lab/setup/programs";
import { openRouteDesk, type RouteDesk } from "./route-desk.ts";

const PORT_BASE_OF_LAB = 24_000;

/** An engine in two data centres, and a route store. */
export interface TwoSites extends Omit<RouteDesk, "config"> {
  readonly engine: EngineHandle;
  readonly directory: string;
  /** What keeps the servers, and ends whatever else was given to it. */
  readonly supervisor: Supervisor;
  /** A configuration as the console would hand it out. */
  readonly config: SdkConfigInput;
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
  const { handle } = started;
  const desk = await openRouteDesk(routes.handle);
  return {
    ...desk,
    engine: handle,
    directory: stateDir,
    supervisor: made.supervisor,
    config: { ...desk.config, ...renderSources(handle) },
    async destroy() {
      desk.store.close();
      for (const site of ["dc1", "dc2"] as const) handle.dataCentres[site].process.cont();
      await made.supervisor.end();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

function renderSources(engine: EngineHandle): Pick<SdkConfigInput, "sources" | "router"> {
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
  return { sources, router: { active: "dc1", algorithm: "single-read-write" } };
}
