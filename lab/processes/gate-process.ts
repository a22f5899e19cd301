import { fileURLToPath } from "node:url";
import { acceptsConnections } from "./ports.ts";
import type { ProcessSpec } from "./process-spec.ts";

const GATE = fileURLToPath(new URL("../gate.ts", import.meta.url));

/**
 * The process that stands between clients and one server (see gate.ts). It is ready when it listens, whether the
 * server behind it lives or not.
 * @param gate name of the process, the site it counts to, the port it listens on and the server's port
 */
export function gateProcess(gate: { name: string; site: string; listen: number; to: number }): ProcessSpec {
  return {
    name: gate.name,
    role: "gate",
    site: gate.site,
    command: process.execPath,
    args: [GATE, "--listen", String(gate.listen), "--to", String(gate.to)],
    ports: [{ port: gate.listen, wantedBy: `the gate ${gate.name}` }],
    isReady: async () => await acceptsConnections(gate.listen),
  };
}
