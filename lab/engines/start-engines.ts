import type { LabPorts } from "../processes/ports.ts";
import type { Supervisor } from "../processes/supervisor.ts";
import { type FoundProgram, isFound, type MissingProgram, type ProgramName } from "../setup/programs.ts";
import type { EngineHandle, EngineRequest, EngineResult } from "./engine-handle.ts";
import { type EtcdHandle, startEtcd } from "./etcd.ts";
import { startMariadb } from "./mariadb.ts";
import { startPostgresql } from "./postgresql.ts";
import { startRedis } from "./redis.ts";

/** The engines of a lab by the monitor kind that watches them, with the program that each one needs. */
const ENGINES = {
  postgresql: { program: "postgresql", start: startPostgresql },
  mysql: { program: "mariadb", start: startMariadb },
  redis: { program: "redis", start: startRedis },
} as const satisfies Record<
  string,
  { program: ProgramName; start: (request: EngineRequest) => Promise<EngineResult> }
>;

/** An engine that a lab can run. */
export type EngineName = keyof typeof ENGINES;

/** Every engine that a lab can run. */
export const ENGINE_NAMES = Object.keys(ENGINES) as readonly EngineName[];

/** The programs that these engines and the route store need. */
export function programsFor(engines: readonly EngineName[]): ProgramName[] {
  return ["etcd", ...engines.map((engine) => ENGINES[engine].program)];
}

/** What all engines together need in order to start. */
export interface EnginesRequest {
  readonly stateDir: string;
  readonly ports: LabPorts;
  /** What `ensurePrograms(programsFor(engines))` found. */
  readonly programs: Readonly<Partial<Record<ProgramName, FoundProgram | MissingProgram>>>;
  readonly supervisor: Supervisor;
  readonly say: (line: string) => void;
}

/** The route store and the engines that run. */
export interface RunningEngines {
  readonly etcd: EtcdHandle;
  readonly engines: Readonly<Partial<Record<EngineName, EngineHandle>>>;
  /** Why each of the others does not run. */
  readonly missing: Readonly<Partial<Record<EngineName, string>>>;
}

function findProgram(request: EnginesRequest, name: ProgramName): FoundProgram | MissingProgram {
  return request.programs[name] ?? { missing: `nobody looked for ${name}` };
}

/** Starts one engine, or says why it is missing. An engine that fails takes nothing else down. */
async function startOne(request: EnginesRequest, name: EngineName): Promise<EngineResult> {
  const program = findProgram(request, ENGINES[name].program);
  if (!isFound(program)) return { ok: false, message: program.missing };
  try {
    return await ENGINES[name].start({ ...request, program });
  } catch (error) {
    return {
      ok: false,
      message: `${name} could not be set up: ${error instanceof Error ? error.message : error}`,
    };
  }
}

/**
 * Starts etcd and the engines, all at the same time. An engine that cannot run is left out; without etcd there is no
 * lab.
 * @param names the engines that are wanted
 * @returns what runs and why the rest does not, or why etcd does not run
 */
export async function startEngines(
  request: EnginesRequest,
  names: readonly EngineName[] = ENGINE_NAMES,
): Promise<EngineResult<RunningEngines>> {
  const program = findProgram(request, "etcd");
  if (!isFound(program)) return { ok: false, message: `The lab needs etcd: ${program.missing}` };
  const [etcd, ...started] = await Promise.all([
    startEtcd({ ...request, program }),
    ...names.map(async (name) => ({ name, result: await startOne(request, name) })),
  ]);
  if (!etcd.ok) return etcd;
  const engines: Partial<Record<EngineName, EngineHandle>> = {};
  const missing: Partial<Record<EngineName, string>> = {};
  for (const { name, result } of started) {
    if (result.ok) engines[name] = result.handle;
    else missing[name] = result.message;
  }
  return { ok: true, handle: { etcd: etcd.handle, engines, missing } };
}
