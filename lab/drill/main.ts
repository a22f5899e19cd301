import { join } from "node:path";
import { ALL_ENGINES, locateEngine } from "../engines/lab-engines.ts";
import { endOnSignals } from "../processes/end-on-signals.ts";
import { type Lab, startLab } from "../start-lab.ts";
import { computeSpread, type DrillRun, listRunFaults } from "./measure.ts";
import {
  type DrillOptions,
  expectsDetection,
  expectsSwitch,
  PROFILE_TIMING,
  parseDrillOptions,
} from "./options.ts";
import { renderReport, renderRun } from "./report.ts";
import { runDrill } from "./run-drill.ts";

const say = (line: string) => process.stderr.write(`${line}\n`);

/** Arbitration settings of a drill: what would make runs wait or stop is out of the way, what decides is not touched. */
const DRILL_ARBITRATION = { budgetPerMonitorDay: 10_000, budgetPerSiteMinute: 10_000 };

async function startDrillLab(options: DrillOptions): Promise<Lab> {
  const profile = PROFILE_TIMING[options.profile];
  const retryIntervalMs = options.retryIntervalMs;
  const engine = ALL_ENGINES.find((name) => name === options.engine);
  return startLab({
    stateDir: options.state ?? join(".state", `drill-${options.engine}-${options.offset}`),
    offset: options.offset,
    engines: engine === undefined ? [] : [engine],
    http: options.engine === "http",
    gates: options.fault === "refuse" || options.fault === "blackhole",
    timing: retryIntervalMs === null ? profile : { ...profile, retryIntervalMs },
    arbitration: DRILL_ARBITRATION,
    say,
  });
}

async function main(): Promise<void> {
  const options = parseDrillOptions(process.argv.slice(2));
  const drilled = ALL_ENGINES.find((name) => name === options.engine);
  const located = drilled === undefined ? null : await locateEngine(drilled, say, true);
  if (located !== null && typeof located !== "function") {
    say(`skipped: ${located.missing}`);
    return;
  }
  const lab = await startDrillLab(options);
  endOnSignals(() => lab.end(), say);
  const runs: DrillRun[] = [];
  const faults: string[] = [];
  try {
    for (let run = 1; run <= options.runs; run += 1) {
      const result = await runDrill(lab, options);
      runs.push(result);
      const wrong = listRunFaults(result, {
        switched: expectsSwitch(options.engine, options.fault),
        detected: expectsDetection(options.engine, options.fault),
        shop: lab.shop !== null,
      });
      faults.push(...wrong.map((fault) => `run ${run}: ${fault}`));
      say(renderRun(run, result));
    }
  } finally {
    await lab.end();
  }
  const summary = {
    outageMs: computeSpread(runs.map((run) => run.outageMs)),
    afterDecisionMs: computeSpread(runs.map((run) => run.afterDecisionMs)),
  };
  const { engine, fault, profile } = options;
  if (options.json) process.stdout.write(`${JSON.stringify({ engine, fault, profile, runs, summary })}\n`);
  else process.stdout.write(`${renderReport(options, runs)}\n`);
  for (const wrong of faults) say(`FAILED ${wrong}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
