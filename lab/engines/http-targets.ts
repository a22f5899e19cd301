import { LAB_HOST, type LabPorts } from "../processes/ports.ts";
import type { ManagedProcess } from "../processes/process-spec.ts";
import type { Supervisor } from "../processes/supervisor.ts";
import { DATA_CENTRES, type DataCentre } from "./engine-handle.ts";

const TARGET = new URL("../http-target.ts", import.meta.url).pathname;

/** The HTTP API of each data centre. */
export interface HttpTargets {
  /** Kind of its monitor. */
  readonly kind: string;
  readonly processes: Readonly<Record<DataCentre, ManagedProcess>>;
}

/**
 * Starts a small HTTP API in dc1 and dc2.
 *
 * @throws Error with one sentence if one does not start
 */
export async function startHttpTargets(supervisor: Supervisor, ports: LabPorts): Promise<HttpTargets> {
  const start = async (dc: DataCentre): Promise<ManagedProcess> => {
    const port = ports[`http-${dc}`];
    const started = await supervisor.spawnProcess({
      name: `http-${dc}`,
      role: "application",
      site: dc,
      command: process.execPath,
      args: [TARGET, "--listen", String(port)],
      ports: [{ port, wantedBy: `the HTTP API in ${dc}` }],
      isReady: async () => (await fetch(`http://${LAB_HOST}:${port}/health`)).ok,
    });
    if (!started.ok) throw new Error(started.message);
    return started.process;
  };
  const [dc1, dc2] = await Promise.all(DATA_CENTRES.map(start));
  if (dc1 === undefined || dc2 === undefined) throw new Error("there are two data centres");
  return { kind: "api", processes: { dc1, dc2 } };
}
