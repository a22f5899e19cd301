import { existsSync } from "node:fs";
import { readFile, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { IDENTITY_FILE } from "../identity.ts";
import { PLAN_FILE } from "../plan-file.ts";
import { bad, doubtful, type Finding, good } from "./finding.ts";

/** Less free room than this is worth a look, in bytes: the plan is written anew with every change. */
const ROOM_MIN_BYTES = 64 * 1024 * 1024;
/** Open files beside one for each target: stores, the control plane, peers, and new connections beside kept ones. */
const FILES_BESIDE = 200;
/** Rights of anybody but the owner. */
const OTHERS = 0o077;

/**
 * Checks the machine and the agent's files.
 *
 * @param stateDir the agent's directory
 * @param targets how many targets the plan has
 */
export async function checkMachine(stateDir: string, targets: number): Promise<Finding[]> {
  const files = await Promise.all([IDENTITY_FILE, PLAN_FILE].map((name) => checkFile(join(stateDir, name))));
  return [...files.flat(), await checkRoom(stateDir), ...(await checkOpenFiles(targets))];
}

async function checkFile(path: string): Promise<Finding[]> {
  // A missing identity ends the doctor before this, a missing plan is told by its own check.
  if (!existsSync(path)) return [];
  const { mode } = await stat(path);
  if ((mode & OTHERS) === 0) return [good(path, "only its owner may read it")];
  return [bad(path, "others than its owner may read it, and it holds secrets", `chmod 600 ${path}`)];
}

async function checkRoom(stateDir: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(stateDir);
  const freeMb = Math.round((bavail * bsize) / 1024 / 1024);
  if (bavail * bsize >= ROOM_MIN_BYTES) return good(stateDir, `${freeMb} MB free`);
  return doubtful(stateDir, `only ${freeMb} MB free`, "free space: the plan could not be kept");
}

/** Linux tells a process's limits in a file; elsewhere there is nothing to read. */
async function checkOpenFiles(targets: number): Promise<Finding[]> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const allowed = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
  if (Number.isNaN(allowed)) return [];
  return [judgeOpenFiles(allowed, targets)];
}

/**
 * Judges whether a process may open enough files.
 *
 * @param allowed how many it may open
 * @param targets how many targets it probes; each takes one kept connection, and a second one for a fresh login
 */
export function judgeOpenFiles(allowed: number, targets: number): Finding {
  const needed = 2 * targets + FILES_BESIDE;
  if (allowed >= needed) return good("open files", `${allowed} allowed, ${needed} needed at most`);
  const fix = `LimitNOFILE=${needed} in the service's unit, or ulimit -n ${needed}`;
  return bad("open files", `${allowed} allowed, ${needed} needed for ${targets} targets`, fix);
}
