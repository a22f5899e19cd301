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
