import type { TimeMark } from "@evenkeel/contracts/event";
import type { MessageId } from "../locales/en.ts";

/** One row of a time line. */
export interface TimeLineRow {
  readonly mark: MessageId;
  readonly who: string | null;
  readonly words: string;
  /** Ms since the first mark. */
  readonly offsetMs: number;
  /** Ms since the row before. */
  readonly gapMs: number;
  /** Place on a line from 0 to 1. */
  readonly place: number;
}

const MARK_WORDS: Readonly<Record<TimeMark["mark"], MessageId>> = {
  "first-failed-probe": "time.first-failed-probe",
  vote: "time.vote",
  "site-lost": "time.site-lost",
  verdict: "time.verdict",
  confirmed: "time.confirmed",
  announced: "time.announced",
  drained: "time.drained",
  decided: "time.decided",
  commanded: "time.commanded",
  "route-written": "time.route-written",
  "process-followed": "time.process-followed",
  finished: "time.finished",
};

/**
 * Lays a switch's marks out, the earliest first, with times from the first mark.
 *
 * @param marks the marks in any order
 */
export function layOutTimeLine(marks: readonly TimeMark[]): TimeLineRow[] {
  // Marks of one millisecond keep the order in which they were made: the sort is stable.
  const sorted = [...marks].sort((a, b) => a.atMs - b.atMs);
  const startMs = sorted[0]?.atMs ?? 0;
  const wholeMs = Math.max(1, (sorted.at(-1)?.atMs ?? 0) - startMs);
  return sorted.map(({ mark, who, words, atMs }, index) => ({
    mark: MARK_WORDS[mark],
    who,
    words,
    offsetMs: atMs - startMs,
    gapMs: atMs - (sorted[index - 1]?.atMs ?? atMs),
    place: (atMs - startMs) / wholeMs,
  }));
}

/** One part of the way from a fault to a route that applications have. */
export interface SwitchStep {
  readonly step: "noticed" | "decided" | "written" | "followed";
  readonly tookMs: number;
}

/**
 * Tells where the recovery time of a switch went: until the fault was certain, until the decision, until the last store
 * had the route, until the last process that reported followed it. The parts add up to the recovery time.
 *
 * @param marks the marks in any order
 * @returns the parts in their order; none for what is not a switch that was written
 */
export function measureSteps(marks: readonly TimeMark[]): SwitchStep[] {
  const at = (mark: TimeMark["mark"]) => marks.filter((one) => one.mark === mark).map(({ atMs }) => atMs);
  const [failed, certain, decided] = [at("first-failed-probe"), at("verdict"), at("decided")];
  const [written, followed] = [at("route-written"), at("process-followed")];
  if (decided.length === 0 || written.length === 0) return [];
  const decidedMs = Math.min(...decided);
  const certainMs = certain.length === 0 ? decidedMs : Math.min(decidedMs, ...certain);
  const writtenMs = Math.max(decidedMs, ...written);
  const steps: SwitchStep[] = [];
  if (failed.length > 0) {
    steps.push({ step: "noticed", tookMs: Math.max(0, certainMs - Math.min(...failed)) });
    steps.push({ step: "decided", tookMs: decidedMs - certainMs });
  }
  steps.push({ step: "written", tookMs: writtenMs - decidedMs });
  if (followed.length > 0) {
    steps.push({ step: "followed", tookMs: Math.max(0, Math.max(...followed) - writtenMs) });
  }
  return steps;
}
