import type { MonitorState, SwitchRun } from "./state.ts";

/** A monitor's row as some version of this program stored it. */
export type StoredRow = Omit<MonitorState, "stores" | "sentAtMs" | "run"> &
  Partial<Pick<MonitorState, "stores" | "sentAtMs">> & { readonly run: StoredRun | null };

/** A run as the first version stored it: with the name of its step, and the stores that had acknowledged it. */
type StoredRun = SwitchRun | (Omit<SwitchRun, "position" | "batch"> & FirstRun);
interface FirstRun {
  readonly step: string;
  readonly sentAtMs: number;
  readonly stored: readonly string[];
}

/**
 * Reads a stored row, whichever version of this program wrote it. Nothing is assumed of what an older row does not say:
 * every store counts as owed, and a question that was out is asked anew.
 *
 * @param row the row
 * @returns the row as this version works with it
 */
export function upgradeRow(row: StoredRow): MonitorState {
  const { stores = {}, sentAtMs = 0, run, asking } = row;
  const isFirst = row.stores === undefined;
  return { ...row, stores, sentAtMs, asking: isFirst ? null : asking, run: upgradeRun(run) };
}

function upgradeRun(run: StoredRun | null): SwitchRun | null {
  if (run === null || "position" in run) return run;
  const { step, sentAtMs, stored: _, ...rest } = run;
  // A precheck without its question would wait for ever; whoever ordered it gets no answer and orders it again.
  if (step === "precheck") return null;
  return { ...rest, position: { step, actedAtMs: sentAtMs, runner: null }, batch: null };
}
