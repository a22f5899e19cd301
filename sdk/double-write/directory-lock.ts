import { randomUUID } from "node:crypto";
import { link, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";

const LOCK = /^lock-([0-9]{1,15})$/;
/** Attempts to take the lock over, while others try the same. */
const ATTEMPTS_MAX = 5;
const OWNER_ONLY = 0o600;

const Owner = z.object({ host: z.string(), pid: z.number().int(), startedAt: z.string() });
type Owner = z.infer<typeof Owner>;

/** The right to write in a directory. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Takes a directory for this process. The owner is the one named in the lock file with the greatest number, and such a file
 * appears whole or not at all; whoever finds its owner dead may make only the next number, so that of several who try
 * one succeeds, and none ever takes away what another has just taken.
 *
 * @param directory it exists
 * @returns the lock, or in words who has the directory
 * @throws the file system's error
 */
export async function lockDirectory(
  directory: string,
): Promise<{ ok: true; lock: DirectoryLock } | { ok: false; message: string }> {
  const me: Owner = { host: hostname(), pid: process.pid, startedAt: await startOf(process.pid) };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const numbers = await listNumbers(directory);
    const newest = numbers.at(-1) ?? 0;
    const owner = newest === 0 ? null : await readOwner(join(directory, `lock-${newest}`));
    if (owner !== null && (await isAlive(owner)))
      return { ok: false, message: `process ${owner.pid} on ${owner.host} uses ${directory}` };
    const mine = await claim(directory, newest + 1, me);
    if (mine === null) continue;
    for (const number of numbers) await rm(join(directory, `lock-${number}`), { force: true });
    return { ok: true, lock: { release: async () => await rm(mine, { force: true }) } };
  }
  return { ok: false, message: `several processes want ${directory} at the same time` };
}

async function listNumbers(directory: string): Promise<number[]> {
  const numbers = (await readdir(directory)).map((name) => Number(LOCK.exec(name)?.[1] ?? "none"));
  return numbers.filter(Number.isInteger).sort((left, right) => left - right);
}

/** @returns the lock's path; null: somebody else was faster */
async function claim(directory: string, number: number, me: Owner): Promise<string | null> {
  const draft = join(directory, `draft-${randomUUID()}`);
  const path = join(directory, `lock-${number}`);
  await writeFile(draft, JSON.stringify(me), { mode: OWNER_ONLY, flag: "wx" });
  try {
    await link(draft, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return null;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  // Between our look and our claim a whole life of another lock may have passed, and a greater number be there.
  if ((await listNumbers(directory)).at(-1) === number) return path;
  await rm(path, { force: true });
  return null;
}

async function readOwner(path: string): Promise<Owner | null> {
  try {
    return Owner.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    // It was released meanwhile.
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** Another host's processes cannot be asked after, so that theirs count as alive. */
async function isAlive({ host, pid, startedAt }: Owner): Promise<boolean> {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of somebody else's is one too.
    if (codeOf(error) !== "EPERM") return false;
  }
  // Numbers of processes are used again.
  return (await startOf(pid)) === startedAt;
}

/** @returns when a process began, in Linux's own unit; empty where that cannot be had */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name before may hold blanks and brackets; the start is the 22nd field of all.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch (error) {
    if (codeOf(error) === null) throw error;
    return "";
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error ? String(error.code) : null;
}
