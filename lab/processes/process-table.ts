import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { platform } from "node:os";
import { z } from "zod";
import { errorCode } from "./error-code.ts";

/**
 * Names one process for good. A pid alone does not: the system hands it out again after the process has ended.
 * `startedAt` is the start in clock ticks since boot together with the boot's id (Linux, proc(5) field 22), or the
 * start date as `ps` prints it (elsewhere).
 */
export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  startedAt: z.string().min(1).max(200),
});

/** See {@link processIdentitySchema}. */
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** One line of the system's process table. */
export interface ProcessRow extends ProcessIdentity {
  readonly parentPid: number;
  /** True once it has ended and only waits for its parent to notice. */
  readonly ended: boolean;
}

const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";
const HAS_PROC = platform() === "linux";

/** What reading an entry of /proc answers when the process ended a moment before. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "ESRCH"]);

let knownBootId: string | undefined;

/** Tells one boot of the machine from another, because start times count from the boot. */
function bootId(): string {
  knownBootId ??= readFileSync(BOOT_ID_FILE, "utf8").trim();
  return knownBootId;
}

/** Reads one entry of /proc; undefined when the process ended before it could be read. */
function readProcEntry(pid: number): ProcessRow | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    if (GONE.has(errorCode(error))) return undefined;
    throw error;
  }
  // The name stands in parentheses and may itself hold spaces and parentheses, so the fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parentPid] = fields;
  const startTicks = fields[19];
  if (state === undefined || parentPid === undefined || startTicks === undefined) return undefined;
  return {
    pid,
    parentPid: Number(parentPid),
    startedAt: `${startTicks}@${bootId()}`,
    ended: "ZX".includes(state),
  };
}

const PS_LINE = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/;

/** Asks `ps`, for systems without /proc (macOS). */
function readTableFromPs(only: readonly string[]): ProcessRow[] {
  let printed: string;
  try {
    printed = execFileSync("ps", [...only, "-o", "pid=,ppid=,state=,lstart="], { encoding: "utf8" });
  } catch (error) {
    // It exits with 1 when it finds none of the processes that were asked for.
    if (error instanceof Error && "status" in error && error.status === 1) return [];
    throw error;
  }
  return printed.split("\n").flatMap((line) => {
    const [, pid, parentPid, state, startedAt] = PS_LINE.exec(line) ?? [];
    if (pid === undefined || state === undefined || startedAt === undefined) return [];
    return [{ pid: Number(pid), parentPid: Number(parentPid), startedAt, ended: state.startsWith("Z") }];
  });
}

/**
 * All processes of the machine that this user may see.
 * @returns one row per process; about 5 ms for a few hundred
 */
export function readProcessTable(): ProcessRow[] {
  if (!HAS_PROC) return readTableFromPs(["-ax"]);
  return readdirSync("/proc").flatMap((name) => {
    const row = /^\d+$/.test(name) ? readProcEntry(Number(name)) : undefined;
    return row === undefined ? [] : [row];
  });
}

/**
 * Looks one process up.
 * @returns its row, or undefined when no such process lives (one that has ended but is not collected yet does not)
 */
export function findProcess(pid: number): ProcessRow | undefined {
  const row = HAS_PROC ? readProcEntry(pid) : readTableFromPs(["-p", String(pid)])[0];
  return row === undefined || row.ended ? undefined : row;
}

/** True while exactly this process lives; false when it ended, even if its pid was handed out again. */
export function isAlive(identity: ProcessIdentity): boolean {
  return findProcess(identity.pid)?.startedAt === identity.startedAt;
}

/**
 * A process and everything that descends from it. The process group would not do: PostgreSQL puts each of its server
 * processes into a session of its own, so that a signal to the group reaches the first one only.
 * @param root the process that was started
 * @param table a process table read just before
 * @returns the root first, then its descendants; empty when the root has ended
 */
export function collectTree(root: ProcessIdentity, table: readonly ProcessRow[]): ProcessIdentity[] {
  const first = table.find((row) => row.pid === root.pid && row.startedAt === root.startedAt && !row.ended);
  if (first === undefined) return [];
  const children = new Map<number, ProcessRow[]>();
  for (const row of table) children.set(row.parentPid, [...(children.get(row.parentPid) ?? []), row]);
  const found: ProcessRow[] = [first];
  // The list grows while it is walked; it is bounded by the table, for every process has one parent.
  for (const member of found) {
    found.push(...(children.get(member.pid) ?? []).filter((row) => !row.ended && row.pid !== member.pid));
  }
  return found.map(({ pid, startedAt }) => ({ pid, startedAt }));
}
