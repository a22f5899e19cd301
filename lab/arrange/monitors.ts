import { DATA_CENTRES, type DataCentre, type EngineHandle } from "../engines/engine-handle.ts";
import type { HttpTargets } from "../engines/http-targets.ts";
import type { LabPorts } from "../processes/ports.ts";
import type { ManagedProcess } from "../processes/process-spec.ts";
import type { WantedMonitor } from "./arrange.ts";

/** Relays by process name. */
export type Gates = ReadonlyMap<string, ManagedProcess>;

/** What the lab's monitors are described from. */
export interface MonitorsRequest {
  readonly engines: ReadonlyMap<"postgresql" | "mysql" | "redis", EngineHandle>;
  readonly http: HttpTargets | null;
  readonly ports: LabPorts;
  /** Whether clients go through the gates. */
  readonly gated: boolean;
}

/** The address at which everybody reaches a data centre's server: its own, or its gate's. */
export function addressOf(
  engine: "postgresql" | "mysql" | "redis",
  dc: DataCentre,
  ports: LabPorts,
  gated: boolean,
): string {
  return `127.0.0.1:${ports[gated ? (`gate-${engine}-${dc}` as const) : (`${engine}-${dc}` as const)]}`;
}

/**
 * Describes a monitor for each engine that runs, and one for the HTTP targets.
 *
 * @param request what runs
 */
export function describeMonitors(request: MonitorsRequest): WantedMonitor[] {
  const monitors = [...request.engines].map(([engine, handle]): WantedMonitor => {
    const sql = handle.dataCentres.dc1.database;
    const { user } = handle.dataCentres.dc1.users.probe;
    return {
      kind: engine,
      name: `orders-${engine}`,
      common: sql === undefined ? {} : { user, monitoredDatabase: sql, connectedDatabases: [sql] },
      dataCentres: DATA_CENTRES.map((dc) => ({
        name: dc,
        site: dc,
        config: {
          address: addressOf(engine, dc, request.ports, request.gated),
          ...(sql === undefined ? { user } : {}),
        },
        secret: { password: handle.dataCentres[dc].users.probe.password },
      })),
    };
  });
  const { http } = request;
  if (http === null) return monitors;
  const api: WantedMonitor = {
    kind: http.kind,
    name: "shop-api",
    common: { path: "/health" },
    dataCentres: DATA_CENTRES.map((dc) => ({
      name: dc,
      site: dc,
      config: {
        protocol: "http",
        address: `127.0.0.1:${request.ports[request.gated ? (`gate-http-${dc}` as const) : (`http-${dc}` as const)]}`,
      },
      secret: {},
    })),
  };
  return [...monitors, api];
}
