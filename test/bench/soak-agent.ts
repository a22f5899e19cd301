import { readdirSync } from "node:fs";
import { createProberSet, targetKey } from "@evenkeel/agent/probing/prober-set";
import type { Plan } from "@evenkeel/contracts/plan";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { z } from "zod";
import { SYSTEM_CLOCK } from "../../agents/clock.ts";
import { type SoakSample, SoakTarget } from "./soak-plan.ts";

/** The soaked process: an agent's set of probers over the targets of the command line. It counts itself once a second. */
const SAMPLE_MS = 1000;
/** A target leaves the plan and comes back, as when people edit it. */
const EDIT_MS = 7000;
const TIMING = {
  retryIntervalMs: 400,
  monitorTimeoutMs: 1000,
  accessTimeoutMs: 250,
  healthPrecision: 1,
  healthyThreshold: 1,
  unhealthyThreshold: 2,
  fastRefuse: false,
} as const;

const targets = z.array(SoakTarget).parse(JSON.parse(process.argv[2] ?? "[]"));
let probes = 0;

function count(kind: string): MonitorPlugin | undefined {
  const plugin = findMonitorPlugin(kind);
  if (plugin === undefined) return undefined;
  return {
    ...plugin,
    open(settings, context) {
      const session = plugin.open(settings, context);
      const probe = () => {
        probes += 1;
        return session.probe();
      };
      return { probe, destroy: () => session.destroy() };
    },
  };
}

const planOf = (chosen: readonly SoakTarget[]) =>
  ({
    version: 1,
    monitors: chosen.map(({ kind, name, settings }) => ({
      id: name,
      name,
      kind,
      applicationId: "app_soak",
      switchable: false,
      monitored: true,
      automatic: false,
      windows: [],
      timing: TIMING,
      failOn: [],
      home: "dc1",
      dataCentres: [
        { name: "dc1", site: "dc1", priority: 0, targetVersion: 1, config: settings, sealed: null },
      ],
    })),
  }) as unknown as Plan;

const set = createProberSet(
  async () => ({ ok: true, secret: {} }),
  () => undefined,
  { clock: SYSTEM_CLOCK, findPlugin: count },
);
await set.follow(planOf(targets));

let edited = 0;
setInterval(() => {
  edited += 1;
  const without = targets.filter((_, index) => index !== edited % targets.length);
  void set.follow(planOf(without)).then(() => set.follow(planOf(targets)));
}, EDIT_MS);

const SOCKET = /^(TCPSocketWrap|TCPConnectWrap|TLSWrap|TCPWrap|GetAddrInfoReqWrap)$/;

setInterval(() => {
  globalThis.gc?.();
  const resources = process.getActiveResourcesInfo();
  const memory = process.memoryUsage();
  const sample: SoakSample = {
    sockets: resources.filter((name) => SOCKET.test(name)).length,
    timers: resources.filter((name) => name === "Timeout").length,
    resources: resources.length,
    fileDescriptors: readdirSync("/proc/self/fd").length,
    heapBytes: memory.heapUsed,
    residentBytes: memory.rss,
    up: set
      .observe(new Set(targets.map(({ name }) => targetKey(name, "dc1"))))
      .filter(({ judgement }) => judgement.verdict === "up").length,
    probes,
  };
  process.stdout.write(`${JSON.stringify(sample)}\n`);
}, SAMPLE_MS);
