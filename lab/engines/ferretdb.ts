import { join } from "node:path";
import { acceptsConnections, LAB_HOST } from "../processes/ports.ts";
import type { SpawnResult, Supervisor } from "../processes/supervisor.ts";
import type { FetchedEngine } from "../setup/fetched-engines.ts";
import type { DataCentre, EngineUser } from "./engine-handle.ts";
import { makePrivateFolder } from "./engine-home.ts";

/** What FerretDB needs in order to start. */
export interface FerretdbRequest {
  readonly stateDir: string;
  readonly engine: FetchedEngine;
  readonly supervisor: Supervisor;
  readonly port: number;
  /** Where it stands, in a lab of several; it is called after its site then. */
  readonly site?: DataCentre;
  /** The account that exists from the first start on. */
  readonly admin: EngineUser;
}

/**
 * Starts FerretDB, which speaks MongoDB's protocol and keeps its data in SQLite. It tells nobody of itself.
 *
 * @returns the server once it accepts connections
 */
export async function startFerretdb(request: FerretdbRequest): Promise<SpawnResult> {
  const { stateDir, engine, supervisor, port, site, admin } = request;
  const home = join(stateDir, "ferretdb", site ?? "");
  makePrivateFolder(home);
  return await supervisor.spawnProcess({
    name: site === undefined ? "ferretdb" : `mongodb-${site}`,
    role: "database",
    ...(site === undefined ? {} : { site }),
    command: join(engine.folder, "ferretdb"),
    args: [
      "--handler=sqlite",
      `--listen-addr=${LAB_HOST}:${port}`,
      "--debug-addr=-",
      "--telemetry=disable",
      "--test-enable-new-auth",
      "--setup-database=admin",
      "--log-level=WARN",
    ],
    env: {
      DO_NOT_TRACK: "true",
      FERRETDB_STATE_DIR: home,
      FERRETDB_SQLITE_URL: `file:${home}/`,
      // A command line is visible to everybody on the machine.
      FERRETDB_SETUP_USERNAME: admin.user,
      FERRETDB_SETUP_PASSWORD: admin.password,
    },
    cwd: home,
    ports: [{ port, wantedBy: "FerretDB" }],
    isReady: async () => await acceptsConnections(port),
  });
}
