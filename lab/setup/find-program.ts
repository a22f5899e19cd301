import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

const VERSION_WITHIN_MS = 10_000;

/** Where a program and its companions lie. */
export interface ProgramPaths {
  readonly path: string;
  readonly companions: Readonly<Record<string, string>>;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // Absent or not executable is the answer, not a failure.
  }
}

/** Expands one `*` in a folder to what exists, the highest version first. */
function expandFolder(folder: string): string[] {
  if (!folder.includes("*")) return [folder];
  const parts = folder.split("/");
  const at = parts.findIndex((part) => part.includes("*"));
  const parent = parts.slice(0, at).join("/");
  const [before = "", after = ""] = (parts[at] ?? "").split("*");
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .sort((one, other) => other.localeCompare(one, "en", { numeric: true }))
    .map((name) => [parent, name, ...parts.slice(at + 1)].join("/"));
}

function findFirst(names: readonly string[], folders: readonly string[]): string | undefined {
  for (const name of names) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Looks for a program on PATH and in further folders.
 * @param executables names of the main one, the preferred one first
 * @param companions names of others that must be found too
 * @param folders besides PATH; `*` stands for a version
 * @returns undefined when any of them is missing
 */
export function findOnDisk(
  executables: readonly string[],
  companions: readonly string[],
  folders: readonly string[],
): ProgramPaths | undefined {
  const onPath = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  // The folders that are known come first: they hold a program and its companions of one version.
  const everywhere = [...folders.flatMap(expandFolder), ...onPath];
  const path = findFirst(executables, everywhere);
  if (path === undefined) return undefined;
  const found = companions.map((name) => [name, findFirst([name], [dirname(path), ...everywhere])] as const);
  const complete = found.flatMap(([name, at]) => (at === undefined ? [] : [[name, at] as const]));
  return complete.length < found.length ? undefined : { path, companions: Object.fromEntries(complete) };
}

/**
 * Asks a program for its version.
 * @returns the first number with dots that it prints ("10.11.19"), or "unknown" when it prints none
 * @throws when it cannot be run
 */
export async function readVersion(path: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(path, ["--version"], { timeout: VERSION_WITHIN_MS });
  const printed = `${stdout}${stderr}`.replace(basename(path), "");
  return /\d+(?:\.\d+)+/.exec(printed)?.[0] ?? "unknown";
}
