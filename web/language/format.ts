import type { Language } from "./language.ts";

const DAY_MS = 86_400_000;

/**
 * Renders a moment in the reader's time zone: the time alone within a day, else with the date.
 *
 * @param atMs the moment, wall clock in ms since 1970
 * @param nowMs the present, wall clock in ms since 1970
 * @param language the reader's language
 */
export function formatMoment(atMs: number, nowMs: number, language: Language): string {
  const time: Intl.DateTimeFormatOptions = {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  };
  const near = Math.abs(nowMs - atMs) < DAY_MS;
  const date: Intl.DateTimeFormatOptions = near ? {} : { month: "short", day: "numeric" };
  return new Intl.DateTimeFormat(language, { ...date, ...time }).format(atMs);
}

/**
 * Renders a moment in full, for titles and details.
 *
 * @param atMs wall clock in ms since 1970
 * @param language the reader's language
 */
export function formatFullMoment(atMs: number, language: Language): string {
  return new Intl.DateTimeFormat(language, {
    dateStyle: "medium",
    timeStyle: "long",
  }).format(atMs);
}

/**
 * Renders a duration with the unit that a person would use: `840 ms`, `12.4 s`, `7 min`, `3 h`, `2 d`.
 *
 * @param durationMs the duration in ms; negative ones keep their sign
 */
export function formatDuration(durationMs: number): string {
  const size = Math.abs(durationMs);
  const sign = durationMs < 0 ? "−" : "";
  if (size < 1_000) return `${sign}${Math.round(size)} ms`;
  if (size < 10_000) return `${sign}${(Math.floor(size / 100) / 10).toFixed(1)} s`;
  if (size < 60_000) return `${sign}${Math.floor(size / 1_000)} s`;
  if (size < 3_600_000) return `${sign}${Math.floor(size / 60_000)} min`;
  if (size < DAY_MS) return `${sign}${Math.floor(size / 3_600_000)} h`;
  return `${sign}${Math.floor(size / DAY_MS)} d`;
}

/**
 * Renders a latency: two digits below ten milliseconds, none above.
 *
 * @param latencyMs the latency in ms
 */
export function formatLatency(latencyMs: number): string {
  return `${latencyMs < 10 ? latencyMs.toFixed(1) : Math.round(latencyMs)} ms`;
}

/**
 * Renders a time on a time line in whole milliseconds, however long: steps of a switch are compared by them.
 *
 * @param offsetMs ms since the first mark
 */
export function formatOffset(offsetMs: number): string {
  return `+${offsetMs} ms`;
}
