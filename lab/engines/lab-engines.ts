import { type FetchedName, fetchEngine, findFetched } from "../setup/fetched-engines.ts";
import { ensurePrograms, isFound, type MissingProgram, type ProgramName } from "../setup/programs.ts";
import { startElasticsearch } from "./elasticsearch.ts";
import type { EngineRequest, EngineResult, FetchedRequest } from "./engine-handle.ts";
import { startMariadb } from "./mariadb.ts";
import { startMongodb } from "./mongodb.ts";
import { startPostgresql } from "./postgresql.ts";
import { startRedis } from "./redis.ts";

/** Database engines that every lab runs, in the order in which they are shown; each is the kind of its monitor. */
export const LAB_ENGINES = ["postgresql", "mysql", "redis"] as const;
/** Engines that a lab runs when they are asked for: they have to be fetched first, and take their time to start. */
export const FURTHER_ENGINES = ["mongodb", "elasticsearch"] as const;
/** Every engine that a lab can run. */
export const ALL_ENGINES = [...LAB_ENGINES, ...FURTHER_ENGINES] as const;
/** Name of a database engine of the lab. */
export type LabEngine = (typeof ALL_ENGINES)[number];

/** Starts the servers of an engine that is there. */
export type StartEngine = (request: Omit<EngineRequest, "program">) => Promise<EngineResult>;

/** How one engine is come by. */
interface EngineRecipe {
  /** What comes from the system's packages. */
  readonly programs: readonly ProgramName[];
  /** @returns how to start it, or why it cannot be had; nothing is fetched unless that is allowed */
  locate(say: (line: string) => void, mayFetch: boolean): Promise<StartEngine | MissingProgram>;
}

function packaged(name: ProgramName, start: (request: EngineRequest) => Promise<EngineResult>): EngineRecipe {
  return {
    programs: [name],
    async locate(say) {
      const { [name]: program } = await ensurePrograms([name], say);
      return isFound(program) ? (request) => start({ ...request, program }) : program;
    },
  };
}

function fetched(name: FetchedName, start: (request: FetchedRequest) => Promise<EngineResult>): EngineRecipe {
  return {
    programs: [],
    async locate(say, mayFetch) {
      const engine = mayFetch ? await fetchEngine(name, say) : findFetched(name);
      return "missing" in engine ? engine : (request) => start({ ...request, engine });
    },
  };
}

const RECIPES: Readonly<Record<LabEngine, EngineRecipe>> = {
  postgresql: packaged("postgresql", startPostgresql),
  mysql: packaged("mariadb", startMariadb),
  redis: packaged("redis", startRedis),
  mongodb: fetched("ferretdb", startMongodb),
  elasticsearch: fetched("elasticsearch", startElasticsearch),
};

/** Lists the programs that these engines want of the system's packages. */
export function listPrograms(engines: readonly LabEngine[]): ProgramName[] {
  return engines.flatMap((engine) => RECIPES[engine].programs);
}

/**
 * Looks for an engine.
 *
 * @param engine which one
 * @param say receives a line when something is installed or fetched
 * @param mayFetch whether it may be fetched from a registry, which takes minutes
 * @returns how to start it, or why it cannot be had
 */
export async function locateEngine(
  engine: LabEngine,
  say: (line: string) => void,
  mayFetch: boolean,
): Promise<StartEngine | MissingProgram> {
  return await RECIPES[engine].locate(say, mayFetch);
}
