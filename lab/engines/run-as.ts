import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import type { FoundProgram } from "../setup/programs.ts";

/** A user of the system with its main group. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Where programs that may not run as root keep their data when the state directory is closed to their user. */
const SHARED_PLACE = "/var/lib/evenkeel-lab";

/**
 * The user that runs a program which refuses root.
 * @param names users to look for, the preferred one first
 * @returns undefined when we are not root: the program then runs as we do
 * @throws when the system has none of these users
 */
export function findAccount(names: readonly string[]): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of names) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    `None of the users ${names.join(", ")} exists; one is needed for a program that refuses root.`,
  );
}

/** True when a user may pass through every folder on the way to a path. */
export function canReach(path: string, { uid, gid }: Account): boolean {
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    const { mode, uid: ownerUid, gid: ownerGid } = statSync(folder);
    const bit = ownerUid === uid ? 0o100 : ownerGid === gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/**
 * A folder for an engine's data that the engine's user can reach: in the state directory where possible, else (a
 * checkout below /root, say) below /var/lib, named after the state directory.
 * @param stateDir made passable for others: what it holds is closed to them file by file
 * @param name of the engine
 * @param account the engine's user; undefined when it runs as we do
 * @param say told, the first time, when the data lies elsewhere
 */
export function placeForUser(
  stateDir: string,
  name: string,
  account: Account | undefined,
  say: (line: string) => void,
): string {
  const inside = join(resolve(stateDir), name);
  if (account === undefined) return inside;
  chmodSync(stateDir, statSync(stateDir).mode | 0o011);
  if (canReach(inside, account)) return inside;
  const key = createHash("sha256").update(resolve(stateDir)).digest("hex").slice(0, 12);
  for (const folder of [SHARED_PLACE, join(SHARED_PLACE, key)]) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o755);
  }
  const outside = join(SHARED_PLACE, key, name);
  if (!existsSync(outside))
    say(`The user that runs ${name} cannot reach ${stateDir}; its data lies in ${outside} instead.`);
  return outside;
}

/**
 * A program that the engine's user can run. One below a closed folder (npm's copy in a checkout below /root) is copied
 * beside the data, once, with the folder that holds its `bin`.
 * @param program what was found
 * @param home where the engine's data lies
 */
export function reachableProgram(
  program: FoundProgram,
  account: Account | undefined,
  home: string,
): FoundProgram {
  if (account === undefined || canReach(program.path, account)) return program;
  const packageFolder = dirname(dirname(program.path));
  const copy = join(dirname(home), "program");
  if (!existsSync(copy)) cpSync(packageFolder, copy, { recursive: true, verbatimSymlinks: true });
  const moved = (path: string): string => path.replace(`${packageFolder}${sep}`, `${copy}${sep}`);
  const companions = Object.entries(program.companions).map(([name, path]) => [name, moved(path)] as const);
  return { ...program, path: moved(program.path), companions: Object.fromEntries(companions) };
}
