import {
  closeSync,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";

/** A log file larger than this is copied to `<file>.1` and emptied. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;
/** How much of a log is shown when a process did not start. */
const TAIL_BYTES = 2000;

/**
 * Opens a log for a process to write into. Writes append, also after the file was emptied behind the writer's back.
 * @returns a file descriptor for the caller to close once the process has it
 */
export function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, "a", 0o600);
}

/** Keeps a log bounded: sets the old text aside in `<file>.1` (replacing an older one) when there is too much of it. */
export function boundLog(file: string, maxBytes: number = MAX_LOG_BYTES): void {
  const log = openSync(file, "a+", 0o600);
  try {
    if (fstatSync(log).size <= maxBytes) return;
    copyFileSync(file, `${file}.1`);
    ftruncateSync(log, 0);
  } finally {
    closeSync(log);
  }
}

/**
 * The last lines of a log, for messages.
 * @param sinceByte where the part of interest starts; what stands before belongs to an earlier run
 */
export function readLogTail(file: string, sinceByte = 0): string {
  const log = openSync(file, "r");
  try {
    const { size } = fstatSync(log);
    const from = Math.max(sinceByte <= size ? sinceByte : 0, size - TAIL_BYTES);
    const text = Buffer.alloc(size - from);
    const read = readSync(log, text, 0, text.length, from);
    return text.toString("utf8", 0, read).trim();
  } finally {
    closeSync(log);
  }
}

/** How long a log is, in bytes; 0 when there is none. */
export function logSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
