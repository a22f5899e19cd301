import { spawn } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";
import { writeSection } from "./figures-page.ts";
import { measureIdle } from "./idle.ts";

/**
 * `npm run bench`: runs the drills whose figures this project promises, one after the other, and writes them with the
 * machine and the commands into the documentation. It fails if a goal is missed.
 */

const Spread = z.object({ min: z.number(), median: z.number(), max: z.number() }).nullable();
const Report = z.object({
  runs: z.array(
    z.object({ hungCallsRejectedMs: z.number().nullable(), errors: z.record(z.string(), z.number()) }),
  ),
  summary: z.object({ outageMs: Spread, afterDecisionMs: Spread }),
});
type Report = z.infer<typeof Report>;

/** One drill with its goals in milliseconds; null: none is set. */
interface Bench {
  readonly args: string;
  readonly outageMs: number | null;
  readonly afterDecisionMs: number | null;
}

const MONITOR_TIMEOUT_MS = 1000;
const ACCESS_TIMEOUT_MS = 200;
/** Goals for crash and refusal, for a hang, for the refuse profile, for the loss of the site with etcd's leader. */
const CRASH_MS = MONITOR_TIMEOUT_MS + 100;
const HANG_MS = MONITOR_TIMEOUT_MS + ACCESS_TIMEOUT_MS + 150;
const REFUSE_MS = 180;
const SITE_MS = MONITOR_TIMEOUT_MS + 1500;
const RESTART_MS = MONITOR_TIMEOUT_MS + 2000;
const AFTER_DECISION_MS = 20;
const HUNG_CALLS_MS = 5;

const crash = (engine: string): Bench => ({
  args: `--engine ${engine} --fault kill --profile fast`,
  outageMs: CRASH_MS,
  afterDecisionMs: AFTER_DECISION_MS,
});

const BENCHES: readonly Bench[] = [
  crash("postgresql"),
  crash("mysql"),
  crash("redis"),
  {
    args: "--engine postgresql --fault refuse --profile fast",
    outageMs: CRASH_MS,
    afterDecisionMs: AFTER_DECISION_MS,
  },
  {
    args: "--engine postgresql --fault stop --profile fast",
    outageMs: HANG_MS,
    afterDecisionMs: AFTER_DECISION_MS,
  },
  {
    args: "--engine mysql --fault stop --profile fast",
    outageMs: HANG_MS,
    afterDecisionMs: AFTER_DECISION_MS,
  },
  {
    args: "--engine redis --fault stop --profile fast",
    outageMs: HANG_MS,
    afterDecisionMs: AFTER_DECISION_MS,
  },
  {
    args: "--engine postgresql --fault blackhole --profile fast",
    outageMs: HANG_MS,
    afterDecisionMs: AFTER_DECISION_MS,
  },
  {
    args: "--engine postgresql --fault kill --profile refuse",
    outageMs: REFUSE_MS,
    afterDecisionMs: AFTER_DECISION_MS,
  },
  {
    args: "--engine postgresql --fault kill --profile refuse --retry-interval 3000",
    outageMs: REFUSE_MS,
    afterDecisionMs: AFTER_DECISION_MS,
  },
  { args: "--engine postgresql --fault site --profile fast", outageMs: SITE_MS, afterDecisionMs: null },
  {
    args: "--engine postgresql --fault kill --profile fast --restart-control-plane",
    outageMs: RESTART_MS,
    afterDecisionMs: null,
  },
  { args: "--engine http --fault kill --profile fast", outageMs: 0, afterDecisionMs: null },
  { args: "--engine postgresql --fault agent --profile fast", outageMs: 0, afterDecisionMs: null },
  { args: "--engine postgresql --fault control-plane --profile fast", outageMs: 0, afterDecisionMs: null },
  { args: "--engine postgresql --fault etcd-leader --profile fast", outageMs: 0, afterDecisionMs: null },
];

async function drill(args: string, runs: string): Promise<{ report: Report; passed: boolean }> {
  const words = ["lab/drill/main.ts", ...args.split(" "), "--runs", runs, "--json"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += String(chunk);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { report: Report.parse(JSON.parse(text)), passed: code === 0 };
}

const show = (spread: z.infer<typeof Spread>) =>
  spread === null ? "–" : `${spread.min} / **${spread.median}** / ${spread.max}`;

function judge(bench: Bench, report: Report, passed: boolean): string[] {
  const { outageMs, afterDecisionMs } = report.summary;
  const hung = report.runs.flatMap((run) => run.hungCallsRejectedMs ?? []).sort((a, b) => a - b);
  const hungMedian = hung[Math.floor(hung.length / 2)] ?? 0;
  return [
    ...(passed ? [] : ["the drill itself failed"]),
    ...(bench.outageMs !== null && (outageMs?.median ?? 0) > bench.outageMs
      ? [`outage over ${bench.outageMs}`]
      : []),
    ...(bench.afterDecisionMs !== null && (afterDecisionMs?.median ?? 0) > bench.afterDecisionMs
      ? [`after the decision over ${bench.afterDecisionMs}`]
      : []),
    ...(hungMedian > HUNG_CALLS_MS ? [`hung calls kept for ${hungMedian}`] : []),
  ];
}

function renderRow(bench: Bench, report: Report, missed: readonly string[]): string {
  const hung = report.runs.flatMap((run) => run.hungCallsRejectedMs ?? []).sort((a, b) => a - b);
  const cells = [
    `\`${bench.args}\``,
    show(report.summary.outageMs),
    bench.outageMs ?? "–",
    show(report.summary.afterDecisionMs),
    bench.afterDecisionMs ?? "–",
    hung.length === 0 ? "–" : (hung[Math.floor(hung.length / 2)] ?? "–"),
    missed.length === 0 ? "yes" : missed.join("; "),
  ];
  return `| ${cells.join(" | ")} |`;
}

const { values } = parseArgs({ options: { runs: { type: "string", default: "10" } } });
const rows: string[] = [];
let failed = 0;
for (const bench of BENCHES) {
  process.stderr.write(`== ${bench.args}\n`);
  const { report, passed } = await drill(bench.args, values.runs);
  const missed = judge(bench, report, passed);
  if (missed.length > 0) failed += 1;
  rows.push(renderRow(bench, report, missed));
}
const idle = await measureIdle();
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "CPU"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
writeSection(
  "Drills",
  `Derived by \`npm run bench -- --runs ${values.runs}\`, which runs \`npm run drill -- <arguments> --runs ${values.runs} --json\` for each row. Minimum / **median** /
maximum in milliseconds over the runs; everything (two databases, three etcd members, three agents, control plane, shop) shares
one machine: ${machine}.

The outage runs from the fault to the shop's first success on the new side. Fast profile: retry 200 ms, access 200 ms, monitor
timeout 1000 ms; refuse profile: the same with \`fastRefuse\`. "Hung calls" is the median time from the route event to the
rejection of a call in flight.

| drill | outage | goal | decision → first success | goal | hung calls | met |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}`,
);
writeSection(
  "Idle",
  `The lab with PostgreSQL, MariaDB, Redis and HTTP monitors at default timing, over 30 s after a minute of rest:

${idle.rows.join("\n")}`,
);
process.stdout.write(
  `${rows.join("\n")}\n${idle.rows.join("\n")}\nwritten to docs/benchmarks.md; ${failed + idle.missed} goals missed\n`,
);
process.exitCode = failed + idle.missed === 0 ? 0 : 1;
