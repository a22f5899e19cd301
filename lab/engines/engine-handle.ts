import type { LabPorts } from "../processes/ports.ts";
import type { ManagedProcess } from "../processes/process-spec.ts";
import type { SpawnResult, Supervisor } from "../processes/supervisor.ts";
import type { FetchedEngine } from "../setup/fetched-engines.ts";
import type { FoundProgram } from "../setup/programs.ts";
import type { EngineMonitor } from "./engine-monitor.ts";

/** The data centres that hold a database each. */
export const DATA_CENTRES = ["dc1", "dc2"] as const;

/** See {@link DATA_CENTRES}. */
export type DataCentre = (typeof DATA_CENTRES)[number];

/** The account names that every engine of the lab uses. */
export const APP_USER = "shop_app";
/** Sees whether the server is well, and none of the data. */
export const PROBE_USER = "evenkeel_probe";
/** Sets the server up and counts orders after a drill; nothing that is under test uses it. */
export const ADMIN_USER = "evenkeel_admin";
/** Carries changes from dc1 to dc2. */
export const REPLICATION_USER = "evenkeel_replication";
/** Database of the shop, where the engine knows such a thing. */
export const SHOP_DATABASE = "shop";

/** Name and password of one account. */
export interface EngineUser {
  readonly user: string;
  readonly password: string;
}

/** One data centre's server of an engine. */
export interface EngineDataCentre {
  /** Kill, stop, let go on, revive. */
  readonly process: ManagedProcess;
  readonly host: string;
  readonly port: number;
  /** Absent where the engine has no such thing (Redis). */
  readonly database?: string;
  readonly users: { readonly app: EngineUser; readonly probe: EngineUser };
}

/** An engine that runs in both data centres. */
export interface EngineHandle {
  /** The monitor kind that watches it. */
  readonly engine: string;
  readonly version: string;
  readonly monitor: EngineMonitor;
  readonly dataCentres: Readonly<Record<DataCentre, EngineDataCentre>>;
  /**
   * Which of these orders a data centre holds, for counting acknowledged writes that were lost.
   * @throws when the server of that data centre does not answer
   */
  holdsOrders(dataCentre: DataCentre, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** How many of these orders a data centre holds; throws like {@link EngineHandle.holdsOrders}. */
  countOrders(dataCentre: DataCentre, ids: readonly string[]): Promise<number>;
}

/** What an engine needs in order to start. */
export interface EngineRequest {
  /** The lab's state directory. */
  readonly stateDir: string;
  readonly ports: LabPorts;
  readonly program: FoundProgram;
  readonly supervisor: Supervisor;
  /** Receives a line when something is done that a person may wonder about. */
  readonly say: (line: string) => void;
}

/** What became of starting an engine. */
export type EngineResult<Handle = EngineHandle> =
  | { readonly ok: true; readonly handle: Handle }
  | { readonly ok: false; readonly message: string };

/** The same for an engine that was fetched. */
export type FetchedRequest = Omit<EngineRequest, "program"> & { readonly engine: FetchedEngine };

/** What the engines tell about themselves once they run. */
interface RunningEngine<Server extends { readonly host: string; readonly port: number }> {
  readonly engine: string;
  readonly version: string;
  readonly processes: Readonly<Record<DataCentre, ManagedProcess>>;
  readonly servers: Readonly<Record<DataCentre, Server>>;
  readonly passwords: { readonly app: string; readonly probe: string };
  readonly database?: string;
  readonly monitor: EngineMonitor;
  /** Asks one server which of the given orders it holds. */
  readonly findOrders: (server: Server, ids: readonly string[]) => Promise<ReadonlySet<string>>;
}

/** Puts the handle of a running engine together. */
export function describeEngine<Server extends { readonly host: string; readonly port: number }>(
  running: RunningEngine<Server>,
): EngineHandle {
  const { engine, version, monitor, processes, servers, passwords, database, findOrders } = running;
  const users = {
    app: { user: APP_USER, password: passwords.app },
    probe: { user: PROBE_USER, password: passwords.probe },
  };
  const describe = (dataCentre: DataCentre): EngineDataCentre => ({
    process: processes[dataCentre],
    host: servers[dataCentre].host,
    port: servers[dataCentre].port,
    ...(database === undefined ? {} : { database }),
    users,
  });
  const holdsOrders: EngineHandle["holdsOrders"] = async (dataCentre, ids) =>
    await findOrders(servers[dataCentre], ids);
  return {
    engine,
    version,
    monitor,
    dataCentres: { dc1: describe("dc1"), dc2: describe("dc2") },
    holdsOrders,
    countOrders: async (dataCentre, ids) => (await holdsOrders(dataCentre, ids)).size,
  };
}

/** How many ids one question to a server holds. */
const IDS_PER_QUERY = 1000;

/** Cuts a list of ids into questions of a bearable size. */
export function chunkIds(ids: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let from = 0; from < ids.length; from += IDS_PER_QUERY)
    chunks.push(ids.slice(from, from + IDS_PER_QUERY));
  return chunks;
}

/**
 * Waits for the servers of both data centres, which start at the same time.
 * @returns their processes, or the message of the first that did not start; the other one is ended then
 */
export async function startBoth(
  starts: Readonly<Record<DataCentre, Promise<SpawnResult>>>,
): Promise<EngineResult<Readonly<Record<DataCentre, ManagedProcess>>>> {
  const [dc1, dc2] = await Promise.all([starts.dc1, starts.dc2]);
  if (dc1.ok && dc2.ok) return { ok: true, handle: { dc1: dc1.process, dc2: dc2.process } };
  if (dc1.ok) await dc1.process.end();
  if (dc2.ok) await dc2.process.end();
  return { ok: false, message: dc1.ok ? (dc2.ok ? "" : dc2.message) : dc1.message };
}
