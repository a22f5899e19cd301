import { readFileSync } from "node:fs";

/** Clock ticks per second in /proc (USER_HZ is 100 on every Linux that Node supports). */
export const TICKS_PER_S = 100;
const PAGE_BYTES = 4096;

/** CPU time of a process in clock ticks (proc(5): fields 14 and 15 of /proc/[pid]/stat). */
export function readTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** Resident memory in bytes (proc(5): field 2 of /proc/[pid]/statm). */
export function readResident(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
}
