import { computeSpread, type DrillRun } from "./measure.ts";
import type { DrillOptions } from "./options.ts";

const FIGURES = [
  ["outage of the shop", "outageMs"],
  ["first failed order", "firstFailureMs"],
  ["first failed probe", "firstFailedProbeMs"],
  ["verdict", "detectedMs"],
  ["decision", "decidedMs"],
  ["route written", "routeWrittenMs"],
  ["shop follows", "followedMs"],
  ["first success", "recoveredMs"],
  ["decision to first success", "afterDecisionMs"],
  ["hung calls rejected after", "hungCallsRejectedMs"],
] as const;

/**
 * Renders one run as a line.
 *
 * @param number its number, from 1
 * @param run what was measured
 */
export function renderRun(number: number, run: DrillRun): string {
  const errors = Object.entries(run.errors).map(([error, count]) => `${count} × ${error}`);
  const told = run.because === null ? "nothing was decided" : `${run.ruleId}: ${run.because}`;
  return [
    `run ${number}: outage ${run.outageMs} ms, after the decision ${run.afterDecisionMs ?? "–"} ms`,
    `epoch ${run.epochBefore} → ${run.epochAfter}`,
    `${run.orders} orders, failed: ${errors.length === 0 ? "none" : errors.join(", ")}`,
    `lost ${run.acknowledgedWritesLost}, not replicated ${run.notReplicated}`,
    told,
  ].join("; ");
}

/**
 * Renders the figures of a drill as a table: minimum, median and maximum, in milliseconds from the fault.
 *
 * @param options what was drilled
 * @param runs what was measured
 */
export function renderReport(options: DrillOptions, runs: readonly DrillRun[]): string {
  const title = `${options.engine}, ${options.fault}, profile ${options.profile}, ${runs.length} runs; milliseconds from the fault`;
  const rows = FIGURES.flatMap(([label, key]) => {
    const spread = computeSpread(runs.map((run) => run[key]));
    if (spread === null) return [];
    return [
      `${label.padEnd(28)}${[spread.min, spread.median, spread.max].map((ms) => String(ms).padStart(10)).join("")}`,
    ];
  });
  const head = `${"".padEnd(28)}${["min", "median", "max"].map((name) => name.padStart(10)).join("")}`;
  return [title, head, ...rows].join("\n");
}
