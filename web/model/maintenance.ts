import { type MaintenanceWindow, WINDOWS_MAX } from "@evenkeel/contracts/plan";
import type { MessageId } from "../locales/en.ts";

/** What a person fills in for a new window. */
export interface WindowDraft {
  /** Null: it begins now. Else the value of a date field: the reader's own time, without a zone. */
  readonly beginsAt: string | null;
  readonly lengthMs: number;
  readonly reason: string;
}

/** A draft as a window, or what is wrong with it. */
export type DraftedWindow =
  | { readonly window: MaintenanceWindow }
  | { readonly wrong: MessageId; readonly values?: Readonly<Record<string, number>> };

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Lengths that a person can choose, in milliseconds. */
export const LENGTHS_MS = [30 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS, 24 * HOUR_MS];

/** An hour from now on, the reason still to be given. */
export const NEW_WINDOW: WindowDraft = { beginsAt: null, lengthMs: HOUR_MS, reason: "" };

/**
 * Makes a window of a draft.
 *
 * @param draft what was filled in
 * @param nowMs the control plane's clock in ms since 1970: windows open and close by it
 * @param existing the windows that the monitor has
 * @returns the window, or what is to be mended first
 */
export function draftWindow(
  draft: WindowDraft,
  nowMs: number,
  existing: readonly MaintenanceWindow[],
): DraftedWindow {
  const fromMs = draft.beginsAt === null ? nowMs : new Date(draft.beginsAt).getTime();
  if (Number.isNaN(fromMs)) return { wrong: "window.wrong.begins" };
  const untilMs = fromMs + draft.lengthMs;
  if (untilMs <= nowMs) return { wrong: "window.wrong.past" };
  const reason = draft.reason.trim();
  if (reason === "") return { wrong: "window.wrong.reason" };
  if (dropEnded(existing, nowMs).length >= WINDOWS_MAX) {
    return { wrong: "window.wrong.many", values: { max: WINDOWS_MAX } };
  }
  return { window: { fromMs, untilMs, reason } };
}

/**
 * Drops windows that have ended: they mean nothing any more, and a monitor may have only so many.
 *
 * @param windows the windows
 * @param nowMs the control plane's clock in ms since 1970
 * @returns the rest, the earliest first
 */
export function dropEnded(windows: readonly MaintenanceWindow[], nowMs: number): MaintenanceWindow[] {
  return windows.filter(({ untilMs }) => untilMs > nowMs).sort((a, b) => a.fromMs - b.fromMs);
}

/**
 * Drops one window.
 *
 * @param windows the windows
 * @param ended the one to drop
 */
export function endWindow(
  windows: readonly MaintenanceWindow[],
  ended: MaintenanceWindow,
): MaintenanceWindow[] {
  return windows.filter(
    ({ fromMs, untilMs, reason }) =>
      fromMs !== ended.fromMs || untilMs !== ended.untilMs || reason !== ended.reason,
  );
}
