import { loadDriver } from "@evenkeel/agent/drivers";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import type {
  DataCentre,
  EngineHandle,
  EngineRequest,
  EngineResult,
} from "@evenkeel/lab/engines/engine-handle";
import { loadSecrets, type SecretName } from "@evenkeel/lab/engines/secrets";
import type { ProgramName } from "@evenkeel/lab/setup/programs";
import { afterAll, beforeAll } from "vitest";
import { type EngineLab, openEngineLab, requireHandle } from "../lab/engines/engine-lab.ts";
import { openSession } from "./probe-kind.ts";

/** Enough for a busy machine. */
const ACCESS_TIMEOUT_MS = 3000;

/** The lab's servers of one engine, the one in dc2 following the one in dc1. */
export interface TwoServers {
  readonly plugin: MonitorPlugin;
  lab(): EngineLab;
  handle(): EngineHandle;
  /** How the administrator reaches a server. */
  admin(dataCentre: DataCentre): { host: string; port: number; user: string; password: string };
  /** Settings of a working monitor of a data centre. */
  settings(dataCentre: DataCentre): Record<string, unknown>;
  address(dataCentre: DataCentre): string;
  open(settings: Record<string, unknown>): ReturnType<typeof openSession>;
}

/**
 * Starts both servers before the tests of a file, and ends them after.
 *
 * @param plugin the kind
 * @param program what runs
 * @param secret under which the administrator's password is kept
 * @param start starts the engine
 */
export function useTwoServers(
  plugin: MonitorPlugin,
  program: ProgramName,
  secret: SecretName,
  start: (request: EngineRequest) => Promise<EngineResult>,
): TwoServers {
  let lab: EngineLab;
  let handle: EngineHandle;
  beforeAll(async () => {
    lab = await openEngineLab();
    handle = requireHandle(await start(await lab.request(program)));
  });
  afterAll(async () => await lab.remove());
  const address = (dataCentre: DataCentre) => {
    const { host, port } = handle.dataCentres[dataCentre];
    return `${host}:${port}`;
  };
  return {
    plugin,
    lab: () => lab,
    handle: () => handle,
    admin(dataCentre) {
      const { host, port } = handle.dataCentres[dataCentre];
      return { host, port, user: "evenkeel_admin", password: loadSecrets(lab.stateDir).passwords[secret] };
    },
    settings(dataCentre) {
      const { database, users } = handle.dataCentres[dataCentre];
      const sql = { monitoredDatabase: database, connectedDatabases: [database] };
      return { ...users.probe, address: address(dataCentre), ...(database === undefined ? {} : sql) };
    },
    address,
    open: (settings) => openSession(plugin, settings, ACCESS_TIMEOUT_MS),
  };
}

/** A context as an agent gives it to sessions. */
export const CONTEXT = { load: loadDriver, onClosed: () => undefined, accessTimeoutMs: ACCESS_TIMEOUT_MS };
