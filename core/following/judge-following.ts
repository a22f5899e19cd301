import type { InstanceEvent, TimeMark } from "@evenkeel/contracts/event";
import { because } from "@evenkeel/contracts/sentences";
import { computeRtoMs } from "../arbitration/finish.ts";
import type { RegisteredProcess } from "./process-list.ts";

/** So long after a change of a route the processes are watched: a process that is dead vanishes with its lease by then. */
export const FOLLOW_WATCH_MS = 75_000;
/** A process that does not follow after so long is told of. */
export const FOLLOW_LATE_MS = 10_000;
/** Marks on a time line with its processes; of more than fit, those that followed last are kept. */
const MARKS_MAX = 200;
/** Processes that a sentence names. */
const NAMES_MAX = 5;
/** Characters of a host's name beside the process's number. */
const HOST_SHOWN_MAX = 80;

const CHANGES: readonly InstanceEvent["type"][] = ["switch-finished", "access-changed"];

/** A change of a route that somebody still may have to follow. */
interface Change {
  readonly event: InstanceEvent;
  readonly monitorId: string;
  readonly epoch: number;
  /** Its processes were told of as late already. */
  readonly isToldLate: boolean;
}

/** What came of looking at the processes. */
export interface FollowingJudgement {
  /** Events to record, without ids. */
  readonly events: readonly Omit<InstanceEvent, "id">[];
  /** When to look again at the latest (control plane's clock, ms); null: when something happens. */
  readonly deadlineMs: number | null;
}

/**
 * Judges whether the processes follow the latest changes of routes. What was told already is read from the events
 * themselves, so that nothing is told twice and nothing else has to be remembered.
 *
 * @param recent the latest events, newest first
 * @param processes every registered process
 * @param now control plane's clock in ms
 */
export function judgeFollowing(
  recent: readonly InstanceEvent[],
  processes: readonly RegisteredProcess[],
  now: number,
): FollowingJudgement {
  const events: Omit<InstanceEvent, "id">[] = [];
  const deadlines: number[] = [];
  for (const change of listOpenChanges(recent, now)) {
    const concerned = processes.filter((one) => one.routes[change.monitorId] !== undefined);
    if (concerned.length === 0) continue;
    const behind = concerned.filter((one) => isBehind(one, change.monitorId, change.epoch));
    const lateAtMs = change.event.atMs + FOLLOW_LATE_MS;
    if (behind.length === 0) events.push(tellFollowed(change, concerned, now));
    else if (now >= lateAtMs && !change.isToldLate) events.push(tellLate(change, concerned, behind, now));
    else if (now < lateAtMs) deadlines.push(lateAtMs);
  }
  return { events, deadlineMs: deadlines.length === 0 ? null : Math.min(...deadlines) };
}

/**
 * Tells whether a process has yet to follow a route.
 *
 * @param process the process
 * @param monitorId the route's monitor
 * @param epoch the route's epoch
 */
export function isBehind(process: RegisteredProcess, monitorId: string, epoch: number): boolean {
  return (process.routes[monitorId]?.epoch ?? epoch) < epoch;
}

/** The newest change of each monitor, unless it is old or followed already. */
function listOpenChanges(recent: readonly InstanceEvent[], now: number): Change[] {
  const seen = new Set<string>();
  const followed = new Set<string>();
  const late = new Set<string>();
  const changes: Change[] = [];
  for (const event of recent) {
    const { monitorId, decision, epoch, type } = event;
    if (monitorId === null || decision === null || epoch === null) continue;
    if (now - event.atMs > FOLLOW_WATCH_MS) break;
    if (type === "switch-followed") followed.add(decision);
    if (type === "switch-unfollowed") late.add(decision);
    if (!CHANGES.includes(type) || seen.has(monitorId)) continue;
    seen.add(monitorId);
    if (!followed.has(decision)) changes.push({ event, monitorId, epoch, isToldLate: late.has(decision) });
  }
  return changes;
}

function tellFollowed(
  { event, monitorId, epoch }: Change,
  concerned: readonly RegisteredProcess[],
  now: number,
): Omit<InstanceEvent, "id"> {
  const marks = concerned
    .map((one): TimeMark => {
      const atMs = one.followsSinceMs[monitorId] ?? now;
      return { mark: "process-followed", atMs, who: nameProcess(one), words: `follows epoch ${epoch}` };
    })
    .sort((a, b) => a.atMs - b.atMs);
  const room = Math.max(1, MARKS_MAX - event.timeLine.length);
  const timeLine = [...event.timeLine, ...marks.slice(-room)].sort((a, b) => a.atMs - b.atMs);
  const last = marks.at(-1)?.who ?? "";
  return {
    ...event,
    atMs: now,
    type: "switch-followed",
    level: "info",
    because: because("switch-followed", { count: concerned.length, epoch, last }),
    timeLine,
    rtoMs: event.rtoMs == null ? null : computeRtoMs(timeLine),
  };
}

function tellLate(
  { event, epoch }: Change,
  concerned: readonly RegisteredProcess[],
  behind: readonly RegisteredProcess[],
  now: number,
): Omit<InstanceEvent, "id"> {
  const names = behind.slice(0, NAMES_MAX).map(nameProcess);
  if (behind.length > NAMES_MAX) names.push("…");
  return {
    ...event,
    atMs: now,
    type: "switch-unfollowed",
    level: "major",
    because: because("switch-unfollowed", {
      behind: behind.length,
      total: concerned.length,
      epoch,
      seconds: FOLLOW_LATE_MS / 1000,
      names: names.join(", "),
    }),
    timeLine: [],
    rtoMs: null,
  };
}

function nameProcess({ host, pid }: RegisteredProcess): string {
  return `${host.slice(0, HOST_SHOWN_MAX)} #${pid}`;
}
