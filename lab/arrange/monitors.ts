import { DATA_CENTRES, type DataCentre, type EngineHandle } from "../engines/engine-handle.ts";
import type { HttpTargets } from "../engines/http-targets.ts";
import type { LabEngine } from "../engines/lab-engines.ts";
import type { LabPorts } from "../processes/ports.ts";
import type { ManagedProcess } from "../processes/process-spec.ts";
import type { WantedMonitor } from "./arrange.ts";

/** Relays by process name. */
export type Gates = ReadonlyMap<string, ManagedProcess>;

/** What the lab's monitors are described from. */
export interface MonitorsRequest {
  readonly engines: ReadonlyMap<LabEngine, EngineHandle>;
  readonly http: HttpTargets | null;
  readonly ports: LabPorts;
  /** Whether clients go through the gates. */
  readonly gated: boolean;
}

/** The address at which everybody reaches a data centre's server: its own, or its gate's. */
export function addressOf(engine: LabEngine, dc: DataCentre, ports: LabPorts, gated: boolean): string {
  return `127.0.0.1:${ports[gated ? (`gate-${engine}-${dc}` as const) : (`${engine}-${dc}` as const)]}`;
}

/**
 * Describes a monitor for each engine that runs, and one for the HTTP targets.
 *
 * @param request what runs
 */
export function describeMonitors(request: MonitorsRequest): WantedMonitor[] {
  const monitors = [...request.engines].map(
    ([engine, { monitor }]): WantedMonitor => ({
      kind: engine,
      name: `orders-${engine}`,
      common: monitor.common,
      dataCentres: DATA_CENTRES.map((dc) => ({
        name: dc,
        site: dc,
        config: monitor.target(addressOf(engine, dc, request.ports, request.gated)),
        secret: monitor.secret,
      })),
    }),
  );
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
