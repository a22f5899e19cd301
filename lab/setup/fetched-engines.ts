import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { buildFerretdb } from "./build-ferretdb.ts";
import type { MissingProgram } from "./programs.ts";
import { runTool } from "./run-tool.ts";

/** Test servers that no system package brings: they are fetched once per user from the registries of Java and Go. */
export const FETCHED_NAMES = ["elasticsearch", "ferretdb"] as const;
/** See {@link FETCHED_NAMES}. */
export type FetchedName = (typeof FETCHED_NAMES)[number];

/** A fetched engine: the folder that holds it. */
export interface FetchedEngine {
  readonly folder: string;
  readonly version: string;
}

/** How one engine is fetched. */
interface FetchRecipe {
  readonly version: string;
  /** What must be on PATH. */
  readonly tools: readonly string[];
  /** Rough cost, for the message. */
  readonly about: string;
  /** Puts the engine into an empty folder. @throws when a tool fails */
  fetch(folder: string): Promise<void>;
}

/** Characters of a tool's last words that are passed on. */
const SAID_MAX = 400;

const ELASTICSEARCH = new URL("elasticsearch/", import.meta.url).pathname;

const RECIPES: Readonly<Record<FetchedName, FetchRecipe>> = {
  elasticsearch: {
    version: "7.10.2",
    tools: ["mvn", "java", "javac"],
    about: "36 MB through Maven, about a minute",
    async fetch(folder) {
      for (const file of ["pom.xml", "ElasticsearchNode.java"])
        copyFileSync(join(ELASTICSEARCH, file), join(folder, file));
      await runTool("mvn", ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"], folder);
      await runTool("javac", ["-cp", "lib/*", "-d", "classes", "ElasticsearchNode.java"], folder);
    },
  },
  ferretdb: {
    version: "1.24.2",
    tools: ["go"],
    about: "a Go module and its dependencies, built here, some minutes",
    fetch: buildFerretdb,
  },
};

function placeOf(name: FetchedName): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  return join(cache, "evenkeel", "engines", `${name}-${RECIPES[name].version}`);
}

async function isOnPath(tool: string): Promise<boolean> {
  return await promisify(execFile)("sh", ["-c", 'command -v "$0"', tool]).then(
    () => true,
    () => false,
  );
}

/**
 * Looks for an engine that was fetched before; nothing is fetched.
 *
 * @param name which one
 * @returns its folder, or what a person can do
 */
export function findFetched(name: FetchedName): FetchedEngine | MissingProgram {
  const { tools, version } = RECIPES[name];
  const folder = placeOf(name);
  if (existsSync(folder)) return { folder, version };
  const missing = `${name} is not here: with ${tools.join(", ")} on PATH, "node lab/setup/main.ts ${name}" fetches it once`;
  return { missing };
}

/**
 * Fetches an engine unless it is there.
 *
 * @param name which one
 * @param say receives a line when something is fetched
 * @returns its folder, or why it cannot be had
 */
export async function fetchEngine(
  name: FetchedName,
  say: (line: string) => void,
): Promise<FetchedEngine | MissingProgram> {
  const found = findFetched(name);
  if ("folder" in found) return found;
  const { tools, about, version, fetch } = RECIPES[name];
  for (const tool of tools) {
    if (!(await isOnPath(tool))) return { missing: `${name} is fetched with ${tool}, which is not on PATH` };
  }
  say(`Fetching ${name} ${version} for the tests, once (${about}).`);
  const place = placeOf(name);
  mkdirSync(dirname(place), { recursive: true });
  const folder = mkdtempSync(`${place}.`);
  try {
    await fetch(folder);
    renameSync(folder, place);
    return { folder: place, version };
  } catch (error) {
    // Another set-up may have been quicker.
    if (existsSync(place)) return { folder: place, version };
    return { missing: `${name} could not be fetched: ${describeFailure(error)}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = "stderr" in error ? String(error.stderr).trim() : "";
  return (said === "" ? error.message : said).slice(-SAID_MAX).replaceAll(/\s+/g, " ");
}
