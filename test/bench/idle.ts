import { join } from "node:path";
import { LAB_ENGINES } from "../../lab/engines/lab-engines.ts";
import { startLab } from "../../lab/start-lab.ts";
import { readResident, readTicks, TICKS_PER_S } from "./process-cost.ts";

/** Rest before the measurement, and its length, in milliseconds. */
const REST_MS = 60_000;
const WATCH_MS = 30_000;
/** Goals: share of a core of each agent, memory of the control plane in MB. */
const AGENT_CPU_PERCENT = 2;
const CONTROL_PLANE_MB = 250;

/** What an idle lab costs, as lines for the documentation, and how many goals it misses. */
export interface IdleCost {
  readonly rows: string[];
  readonly missed: number;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Measures agents and control plane of a lab at default timing in which nothing happens (Linux only). */
export async function measureIdle(): Promise<IdleCost> {
  const lab = await startLab({
    stateDir: join(".state", "bench-idle"),
    offset: 1200,
    engines: LAB_ENGINES,
    http: true,
    gates: false,
    timing: null,
    arbitration: {},
    say: () => undefined,
  });
  await pause(REST_MS);
  const watched = lab.supervisor
    .processes()
    .filter((one) => ["agent", "control-plane"].includes(one.spec.role));
  const pids = watched.map((one) => {
    const state = one.state();
    if (state.kind !== "running") throw new Error(`${one.spec.name} does not run`);
    return { name: one.spec.name, role: one.spec.role, pid: state.pid };
  });
  const before = pids.map(({ pid }) => readTicks(pid));
  await pause(WATCH_MS);
  const costs = pids.map(({ name, role, pid }, index) => {
    const ticks = readTicks(pid) - (before[index] ?? 0);
    const percent = (ticks / TICKS_PER_S / (WATCH_MS / 1000)) * 100;
    return {
      name,
      role,
      percent: Math.round(percent * 10) / 10,
      megabytes: Math.round(readResident(pid) / 1e6),
    };
  });
  await lab.end();
  const missed = costs.filter((cost) =>
    cost.role === "agent" ? cost.percent >= AGENT_CPU_PERCENT : cost.megabytes >= CONTROL_PLANE_MB,
  ).length;
  const rows = [
    "| process | CPU, % of a core | goal | resident memory, MB | goal |",
    "| --- | --- | --- | --- | --- |",
    ...costs.map(({ name, role, percent, megabytes }) =>
      role === "agent"
        ? `| ${name} | ${percent} | < ${AGENT_CPU_PERCENT} | ${megabytes} | – |`
        : `| ${name} | ${percent} | – | ${megabytes} | < ${CONTROL_PLANE_MB} |`,
    ),
  ];
  return { rows, missed };
}
