/** Own writes that are remembered; beyond, every second of the older half is forgotten. */
export const HEARTBEAT_LOG_MAX = 512;

/** One heartbeat that was begun. */
interface BegunHeartbeat {
  readonly seq: number;
  /** When the write began, on the writer's own monotonic clock in milliseconds. */
  readonly atMs: number;
}

/**
 * The heartbeats that one process began to write for one monitor, oldest first.
 *
 * The recovery point is measured with one clock only. The writer notes on its own monotonic clock when it began each
 * number; later it reads in the standby which of its own numbers has arrived there and looks up when it began that one.
 * No time of a server, of another agent or of a wall clock is ever compared with another, so that no clock can be
 * askew. The age is counted from the begin of the write, which makes it too large rather than too small.
 */
export type HeartbeatLog = readonly BegunHeartbeat[];

/**
 * Notes that a heartbeat is begun.
 *
 * @param log what was begun before
 * @param seq its number, larger than all before
 * @param atMs monotonic now
 */
export function noteHeartbeat(log: HeartbeatLog, seq: number, atMs: number): HeartbeatLog {
  const longer = [...log, { seq, atMs }];
  if (longer.length <= HEARTBEAT_LOG_MAX) return longer;
  const half = longer.length / 2;
  // The first one stays: it is what a standby that holds none of ours is behind by at least.
  return longer.filter((_, at) => at >= half || at % 2 === 0);
}

/**
 * Computes what would be missing if the active side were lost now: the age of the newest own heartbeat that a standby
 * holds.
 *
 * @param log what this process began to write
 * @param held the newest own number that the standby holds; null: none
 * @param nowMs monotonic now, when the standby was read
 * @param pauseMs without a write for so long nothing is measured once the last one has arrived: the age would only
 *   grow, although nothing is missing
 * @returns milliseconds; a standby that holds nothing of this process is behind by its first write at least; null: this
 *   process has written nothing, or not lately
 */
export function computeRecoveryPoint(
  log: HeartbeatLog,
  held: number | null,
  nowMs: number,
  pauseMs: number,
): number | null {
  const [first] = log;
  const last = log.at(-1);
  if (first === undefined || last === undefined) return null;
  // A larger number was written by an earlier process, before its clock was set back: it says nothing of ours.
  const isOurs = held !== null && held <= last.seq;
  const newest = isOurs ? log.findLast(({ seq }) => seq <= held) : undefined;
  if (newest === last && nowMs - last.atMs > pauseMs) return null;
  return nowMs - (newest ?? first).atMs;
}

/**
 * Computes how much a recovery point has to change before it is told: twice and half as much, from two intervals on.
 *
 * @param rpoMs the recovery point in milliseconds; null: not known
 * @param intervalMs time between two heartbeats
 * @returns a number that changes when it is to be told; null: not known
 */
export function gradeRecoveryPoint(rpoMs: number | null, intervalMs: number): number | null {
  return rpoMs === null
    ? null
    : Math.max(0, Math.floor(Math.log2(Math.max(1, rpoMs) / (2 * intervalMs))) + 1);
}
