import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { AGENT_NODE_FLAGS } from "@evenkeel/agent/node-flags";
import { startMariadb } from "@evenkeel/lab/engines/mariadb";
import { startPostgresql } from "@evenkeel/lab/engines/postgresql";
import { startRedis } from "@evenkeel/lab/engines/redis";
import { z } from "zod";
import { type EngineLab, openEngineLab, requireHandle } from "../lab/engines/engine-lab.ts";
import { type BlackboxCost, measureBlackbox } from "./blackbox.ts";
import { createFigureTable, median, type Row } from "./figure-table.ts";
import { type Load, LoadCost } from "./load.ts";

/**
 * `node test/bench/probes.ts`: what probing costs, against the drivers alone and Debian's blackbox exporter in the same
 * run. Fails if a goal is missed.
 */

type Group = Load["groups"][number];
/** Targets, interval and deadline at which one kept probe's cost is taken; 800 probes a second. */
const PACED = { count: 80, intervalMs: 100, accessTimeoutMs: 2000, isMeasured: true } as const;
const WARM_MS = 6_000;
const MEASURE_MS = 8_000;
/** Bare and ours take turns so often; the median ratio counts. */
const ROUNDS = 3;
/** Goals. */
const OVER_BARE = 1.5;
const UNDER_BLACKBOX = 5;
const MANY_CORE_SHARE = 0.25;
const MANY_MEGABYTES = 300;
const HUNG_DELAY_MS = 10;

/** Compiled code, as an agent keeps it: bare drivers have it too. */
const COMPILED = mkdtempSync(join(tmpdir(), "evenkeel-bench-"));

async function run(load: Load): Promise<LoadCost> {
  const program = new URL("probe-load.ts", import.meta.url).pathname;
  const flags = load.type === "agent" ? AGENT_NODE_FLAGS : [];
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILED };
  const args = [...flags, program, JSON.stringify(load)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return LoadCost.parse(JSON.parse(stdout));
}

const measure = (type: Load["type"], groups: Group[], warmMs = WARM_MS, measureMs = MEASURE_MS) =>
  run({ type, groups, warmMs, measureMs });
const cpuOf = ({ cpuUs, probes }: LoadCost) => cpuUs / probes;
/** What one kept probe costs beside a bare driver's, and the cost itself in microseconds. */
async function compareWithBare(group: Group): Promise<{ row: Row; cpuUs: number }> {
  const ratios: number[] = [];
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(cpuOf(await measure("bare", [group])));
    ours.push(cpuOf(await measure("agent", [group])));
    ratios.push((ours.at(-1) ?? 0) / (bare.at(-1) ?? 1));
  }
  const ratio = median(ratios);
  const cpuUs = median(ours);
  const measured = `${ratio.toFixed(2)} × (${cpuUs.toFixed(0)} µs, bare ${median(bare).toFixed(0)} µs), ${Math.floor(1e6 / cpuUs)} probes/s of a core`;
  return {
    cpuUs,
    row: {
      figure: `CPU of a kept probe, ${group.kind}`,
      measured,
      goal: { words: `≤ ${OVER_BARE} × the driver alone`, met: ratio <= OVER_BARE },
    },
  };
}

function compareWithBlackbox(name: string, ourUs: number, theirs: BlackboxCost): Row {
  const times = theirs.cpuUs / ourUs;
  return {
    figure: `CPU of ${name} by blackbox_exporter ${theirs.version}, against ours`,
    measured: `${times.toFixed(1)} × (${theirs.cpuUs.toFixed(0)} µs)`,
    goal: { words: `≥ ${UNDER_BLACKBOX} ×`, met: times >= UNDER_BLACKBOX },
  };
}

async function measureMany(groups: Group[]): Promise<Row> {
  const cost = await measure("agent", groups, 20_000, 15_000);
  const share = cost.cpuUs / 1000 / cost.elapsedMs;
  const megabytes = cost.residentBytes / 1e6;
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const perSecond = Math.round(cost.probes / (cost.elapsedMs / 1000));
  return {
    figure: `${total} targets every 3 s in one process`,
    measured: `${(share * 100).toFixed(1)} % of a core, ${megabytes.toFixed(0)} MB; ${perSecond} probes/s, ${cost.failed} failed, latency p99 ${cost.latencyP99Ms.toFixed(1)} ms, begun late by p99 ${cost.lateP99Ms.toFixed(1)} ms`,
    goal: {
      words: `< ${MANY_CORE_SHARE * 100} %, < ${MANY_MEGABYTES} MB, none failed`,
      met: share < MANY_CORE_SHARE && megabytes < MANY_MEGABYTES && cost.failed === 0,
    },
  };
}

async function measureHung(healthy: Group, hung: Group): Promise<Row> {
  const calm = await measure("agent", [healthy]);
  const burdened = await measure("agent", [healthy, hung]);
  const delay = burdened.lateP99Ms - calm.lateP99Ms;
  return {
    figure: `${hung.count} hung targets delay the probes of others`,
    measured: `p99 begun ${burdened.lateP99Ms.toFixed(1)} ms late, without them ${calm.lateP99Ms.toFixed(1)} ms; answered within p99 ${burdened.latencyP99Ms.toFixed(1)} ms, without them ${calm.latencyP99Ms.toFixed(1)} ms`,
    goal: { words: `≤ ${HUNG_DELAY_MS} ms`, met: delay <= HUNG_DELAY_MS },
  };
}

const Counts = z.object({ connections: z.number() });
/** The server is asked so often how many connections it has, in milliseconds. */
const LOOK_MS = 100;

async function measureConnections(port: number, group: Group): Promise<Row> {
  const kept: number[] = [];
  const look = setInterval(async () => {
    const { connections } = Counts.parse(await (await fetch(`http://127.0.0.1:${port}`)).json());
    kept.push(connections);
  }, LOOK_MS);
  const cost = await measure("agent", [group], 5000, 10_000).finally(() => clearInterval(look));
  const connections = median(kept);
  const perInterval = cost.probes / group.count / (cost.elapsedMs / group.intervalMs);
  return {
    figure: "connections kept per target and agent, beside a login anew each minute; questions per interval",
    measured: `${(connections / group.count).toFixed(2)}; ${perInterval.toFixed(2)}`,
    goal: { words: "1; ≤ 1", met: connections <= group.count && perInterval <= 1.01 },
  };
}

const Ports = z.object({ api: z.number(), counts: z.number(), mute: z.number() });
type Servers = z.infer<typeof Ports> & { readonly child: ChildProcess };

async function startServers(): Promise<Servers> {
  const program = new URL("bench-servers.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  return { ...Ports.parse(JSON.parse(String(line))), child };
}

async function startGroups(lab: EngineLab, apiPort: number): Promise<Group[]> {
  const starts = { mysql: startMariadb, postgresql: startPostgresql, redis: startRedis } as const;
  const programs = { mysql: "mariadb", postgresql: "postgresql", redis: "redis" } as const;
  const groups: Group[] = [];
  for (const kind of ["mysql", "postgresql", "redis"] as const) {
    const { dc1 } = requireHandle(await starts[kind](await lab.request(programs[kind]))).dataCentres;
    const { host, port, database = "", users } = dc1;
    const sql = database === "" ? {} : { monitoredDatabase: database, connectedDatabases: [database] };
    const settings = { ...users.probe, address: `${host}:${port}`, ...sql };
    groups.push({ ...PACED, kind, settings, bare: { host, port, ...users.probe, database } });
  }
  const address = `127.0.0.1:${apiPort}`;
  const bare = { host: "127.0.0.1", port: apiPort, user: "", password: "", database: "" };
  groups.push({ ...PACED, kind: "api", settings: { address, path: "/health" }, bare });
  return groups;
}

async function main(): Promise<void> {
  const lab = await openEngineLab();
  const servers = await startServers();
  const table = createFigureTable();
  const { add } = table;
  try {
    const groups = await startGroups(lab, servers.api);
    const cpuUs: Record<string, number> = {};
    for (const group of groups) {
      const compared = await compareWithBare(group);
      cpuUs[group.kind] = compared.cpuUs;
      add(compared.row);
    }
    const [mysql, postgresql, redis, api] = groups as [Group, Group, Group, Group];
    const { address, user, password } = z
      .object({ address: z.string(), user: z.string(), password: z.string() })
      .parse(redis.settings);
    const http = await measureBlackbox({ type: "http", url: `http://127.0.0.1:${servers.api}/health` });
    const tcp = await measureBlackbox({ type: "redis", address, user, password });
    if (typeof http === "string" || typeof tcp === "string")
      add({ figure: "blackbox_exporter", measured: String(http), goal: null });
    else {
      add(compareWithBlackbox("an HTTP check", cpuUs.api ?? 0, http));
      add(
        compareWithBlackbox(
          "a check of Redis over TCP (log in and PING; ours asks more, over a kept connection)",
          cpuUs.redis ?? 0,
          tcp,
        ),
      );
    }
    const slow = { intervalMs: 3000 };
    add(
      await measureMany([
        { ...api, ...slow, count: 2500 },
        { ...redis, ...slow, count: 2380 },
        { ...mysql, ...slow, count: 60 },
        { ...postgresql, ...slow, count: 60 },
      ]),
    );
    const hungSettings = { address: `127.0.0.1:${servers.mute}` };
    const hung = { ...redis, settings: hungSettings, count: 1000, intervalMs: 1000, accessTimeoutMs: 1000 };
    add(await measureHung({ ...api, count: 200 }, { ...hung, isMeasured: false }));
    add(await measureConnections(servers.counts, { ...api, intervalMs: 500 }));
  } finally {
    servers.child.kill();
    await lab.remove();
    rmSync(COMPILED, { recursive: true });
  }
  table.print();
}

await main();
