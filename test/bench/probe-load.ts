import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { createProberSet } from "@evenkeel/agent/probing/prober-set";
import type { Plan } from "@evenkeel/contracts/plan";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { SYSTEM_CLOCK } from "../../agents/clock.ts";
import { BARE_DRIVERS } from "./bare-drivers.ts";
import { Load, type LoadCost } from "./load.ts";

/**
 * One process under one load, told as JSON on the command line, whose cost it prints as JSON: an agent's set of probers
 * with everything that belongs to them, or nothing but a driver, a timer and a deadline per connection.
 */

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Probes of the measured targets that began and ended. */
interface Count {
  probes: number;
  failed: number;
  /** How much later than its interval each probe began, in milliseconds. */
  readonly lateMs: number[];
  readonly latencyMs: number[];
}

const load = Load.parse(JSON.parse(process.argv[2] ?? "{}"));
const count: Count = { probes: 0, failed: 0, lateMs: [], latencyMs: [] };
let isMeasuring = false;

function note(lastMs: number | null, startedAtMs: number, intervalMs: number): void {
  if (!isMeasuring) return;
  count.probes += 1;
  if (lastMs !== null) count.lateMs.push(Math.max(0, startedAtMs - lastMs - intervalMs));
}

/** The plugin as the agent uses it, with a look at when its probes begin and end. */
function watchPlugin(plugin: MonitorPlugin, intervalMs: number): MonitorPlugin {
  return {
    ...plugin,
    open(settings, context) {
      const session = plugin.open(settings, context);
      let lastMs: number | null = null;
      return {
        destroy: () => session.destroy(),
        async probe() {
          const startedAtMs = performance.now();
          note(lastMs, startedAtMs, intervalMs);
          lastMs = startedAtMs;
          try {
            const sample = await session.probe();
            if (isMeasuring) count.latencyMs.push(performance.now() - startedAtMs);
            return sample;
          } catch (error) {
            if (isMeasuring) count.failed += 1;
            throw error;
          }
        },
      };
    },
  };
}

function planOf(): Plan {
  const timing = {
    healthPrecision: 1,
    healthyThreshold: 1,
    unhealthyThreshold: 2,
    fastRefuse: false,
  } as const;
  return {
    version: 1,
    monitors: load.groups.flatMap((group, groupIndex) =>
      Array.from({ length: group.count }, (_, index) => ({
        id: `mon_${groupIndex}x${index}`,
        name: `${group.kind} ${index}`,
        kind: `${group.kind}#${groupIndex}`,
        applicationId: "app_bench",
        switchable: false,
        monitored: true,
        automatic: false,
        windows: [],
        timing: {
          ...timing,
          retryIntervalMs: group.intervalMs,
          accessTimeoutMs: group.accessTimeoutMs,
          monitorTimeoutMs: group.intervalMs * 3,
        },
        failOn: [],
        home: "dc1",
        dataCentres: [
          {
            name: "dc1",
            site: "dc1",
            priority: 0,
            targetVersion: 1,
            config: group.settings,
            sealed: null,
          },
        ],
      })),
    ),
  } as unknown as Plan;
}

async function runAgent(): Promise<() => void> {
  const plugins = new Map(
    load.groups.map(({ kind, intervalMs, isMeasured }, index) => {
      const plugin = findMonitorPlugin(kind);
      if (plugin === undefined) throw new Error(`there is no kind ${kind}`);
      return [`${kind}#${index}`, isMeasured ? watchPlugin(plugin, intervalMs) : plugin];
    }),
  );
  const set = createProberSet(
    async () => ({ ok: true, secret: {} }),
    () => undefined,
    { clock: SYSTEM_CLOCK, findPlugin: (kind) => plugins.get(kind) },
  );
  await set.follow(planOf());
  return () => set.stop();
}

async function runBare(): Promise<() => void> {
  const timers: NodeJS.Timeout[] = [];
  for (const group of load.groups) {
    const connect = BARE_DRIVERS[group.kind];
    if (connect === undefined || group.bare === undefined)
      throw new Error(`${group.kind} has no bare driver`);
    for (let index = 0; index < group.count; index += 1) {
      const connection = await connect(group.bare);
      const probe = async () => {
        note(null, 0, 0);
        const startedAtMs = performance.now();
        const deadline = setTimeout(() => process.exit(1), group.accessTimeoutMs);
        await connection.ask();
        clearTimeout(deadline);
        if (isMeasuring) count.latencyMs.push(performance.now() - startedAtMs);
      };
      // At phases of their own, as the timers of a program fall that begins one connection after the other.
      await pause(group.intervalMs / group.count);
      timers.push(setInterval(() => void probe(), group.intervalMs));
    }
  }
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

const lag = monitorEventLoopDelay({ resolution: 5 });
const end = await (load.type === "agent" ? runAgent() : runBare());
await pause(load.warmMs);
isMeasuring = true;
lag.enable();
const before = process.cpuUsage();
const beganAtMs = performance.now();
await pause(load.measureMs);
const used = process.cpuUsage(before);
const elapsedMs = performance.now() - beganAtMs;
isMeasuring = false;
const cost: LoadCost = {
  probes: count.probes,
  failed: count.failed,
  cpuUs: used.user + used.system,
  elapsedMs,
  lateP99Ms: percentile(count.lateMs, 0.99),
  latencyP50Ms: percentile(count.latencyMs, 0.5),
  latencyP99Ms: percentile(count.latencyMs, 0.99),
  residentBytes: process.memoryUsage.rss(),
};
end();
process.stdout.write(`${JSON.stringify(cost)}\n`);
process.exit(0);

function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
