import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { EngineHandle } from "@evenkeel/lab/engines/engine-handle";
import { startFerretdb } from "@evenkeel/lab/engines/ferretdb";
import { startHttpTargets } from "@evenkeel/lab/engines/http-targets";
import { startMariadb } from "@evenkeel/lab/engines/mariadb";
import { startPostgresql } from "@evenkeel/lab/engines/postgresql";
import { startRedis } from "@evenkeel/lab/engines/redis";
import type { ManagedProcess } from "@evenkeel/lab/processes/process-spec";
import { findFetched } from "@evenkeel/lab/setup/fetched-engines";
import { MONITOR_KINDS } from "@evenkeel/plugins/registry";
import { type EngineLab, openEngineLab, requireHandle } from "../lab/engines/engine-lab.ts";
import { FAULTS } from "../plugins/fault-servers.ts";
import { KIND_CASES } from "../plugins/kind-cases.ts";
import { type FlappingServer, MOODS, openFlappingServer } from "./flapping-server.ts";
import { compareQuarters, SoakSample, type SoakTarget } from "./soak-plan.ts";

/**
 * `npm run bench -- soak [--minutes 10]`: an agent's probers over real engines that hang, die and come back, and over
 * servers of ours whose faults come and go. It fails if sockets, timers, file descriptors or the heap after a collection
 * are more in the last quarter than in the first, at moments when everything is calm.
 */
const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const MINUTE_MS = 60_000;
/** How long the compiler, drivers and caches may warm up before anything counts. */
const WARM_MS = 20_000;
/** How long each fault lasts. */
const FAULT_MS = 2500;
/** How long everything may take to be well again, and how long it is then watched. */
const RECOVER_MS = 20_000;
const CALM_SAMPLES = 4;
/** A target that was asked while it hung shows so in its next probe. */
const SETTLE_MS = 1500;
const FLAPPING_AT = 80;

const say = (line: string) => process.stderr.write(`${line}\n`);

interface Soaked {
  readonly targets: SoakTarget[];
  readonly engines: readonly ManagedProcess[];
  readonly flapping: readonly FlappingServer[];
  /** Targets that are up while all is calm. */
  readonly up: number;
}

function listTargets({ engine, dataCentres }: EngineHandle): SoakTarget[] {
  return (["dc1", "dc2"] as const).map((dc) => {
    const { host, port, database, users } = dataCentres[dc];
    const sql = database === undefined ? {} : { monitoredDatabase: database, connectedDatabases: [database] };
    return {
      kind: engine,
      name: `${engine}-${dc}`,
      settings: { ...users.probe, address: `${host}:${port}`, ...sql },
    };
  });
}

async function startEngines(lab: EngineLab): Promise<{ targets: SoakTarget[]; engines: ManagedProcess[] }> {
  const handles = [
    requireHandle(await startMariadb(await lab.request("mariadb"))),
    requireHandle(await startPostgresql(await lab.request("postgresql"))),
    requireHandle(await startRedis(await lab.request("redis"))),
  ];
  const { supervisor, ports, stateDir } = lab;
  const http = await startHttpTargets(supervisor, ports);
  const targets = handles.flatMap(listTargets);
  const engines = handles.map(({ dataCentres }) => dataCentres.dc1.process);
  const api = { method: "GET", path: "/health", expectedStatus: 200, protocol: "http" };
  targets.push({ kind: "api", name: "api", settings: { ...api, address: `127.0.0.1:${ports["http-dc1"]}` } });
  engines.push(http.processes.dc1);
  const ferretdb = findFetched("ferretdb");
  if ("folder" in ferretdb) {
    const admin = { user: "evenkeel_probe", password: "a-password-for-the-soak" };
    const port = ports["gate-http-dc1"];
    const started = await startFerretdb({ stateDir, supervisor, engine: ferretdb, port, admin });
    if (!started.ok) throw new Error(started.message);
    const settings = KIND_CASES.mongodb?.settings(`127.0.0.1:${port}`) ?? {};
    targets.push({ kind: "mongodb", name: "mongodb", settings: { ...settings, ...admin } });
    engines.push(started.process);
  } else say(ferretdb.missing);
  return { targets, engines };
}

async function prepare(lab: EngineLab): Promise<Soaked> {
  const { targets, engines } = await startEngines(lab);
  const up = targets.length;
  const flapping = MONITOR_KINDS.map((kind, index) => {
    const kindCase = KIND_CASES[kind];
    if (kindCase === undefined) throw new Error(`test/plugins/kind-cases.ts has no ${kind}`);
    const server = openFlappingServer(lab.ports["control-plane"] + FLAPPING_AT + index, kindCase.script);
    const settings = kindCase.settings(`127.0.0.1:${server.port}`);
    targets.push({ kind, name: `flapping-${kind}`, settings });
    return server;
  });
  return { targets, engines, flapping, up };
}

/** One round of faults: engines hang or die in turn while the servers of ours go through every mood; then all is well. */
async function misbehave({ engines, flapping }: Soaked, round: number): Promise<void> {
  for (const [at, mood] of MOODS.entries()) {
    await Promise.all(flapping.map((server) => server.turn(mood)));
    const engine = engines[(round * MOODS.length + at) % engines.length];
    if (engine === undefined) throw new Error("there are engines");
    if (round % 2 === 0) engine.stop();
    else await engine.kill();
    await wait(FAULT_MS);
    if (round % 2 === 0) engine.cont();
    else if (!(await engine.revive()).ok) throw new Error(`${engine.spec.name} did not come back`);
  }
  await Promise.all(flapping.map((server) => server.turn("refused")));
}

async function soak(minutes: number): Promise<number> {
  const lab = await openEngineLab();
  const blackhole = await FAULTS.blackhole();
  const soaked = await prepare(lab);
  soaked.targets.push({
    kind: "redis",
    name: "blackhole",
    settings: KIND_CASES.redis?.settings(blackhole.address) ?? {},
  });
  const agent = spawn(
    process.execPath,
    [
      "--expose-gc",
      "--max-semi-space-size=4",
      new URL("soak-agent.ts", import.meta.url).pathname,
      JSON.stringify(soaked.targets),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const samples: SoakSample[] = [];
  createInterface({ input: agent.stdout }).on("line", (line) =>
    samples.push(SoakSample.parse(JSON.parse(line))),
  );
  try {
    await wait(WARM_MS);
    const calm: SoakSample[][] = [];
    const endAtMs = performance.now() + minutes * MINUTE_MS;
    for (let round = 0; performance.now() < endAtMs; round += 1) {
      await misbehave(soaked, round);
      await untilWell(samples, soaked.up);
      const from = samples.length;
      while (samples.length < from + CALM_SAMPLES) {
        if (agent.exitCode !== null) throw new Error("the soaked agent ended");
        await wait(100);
      }
      calm.push(samples.slice(from));
      say(`round ${round}: ${JSON.stringify(samples.at(-1))}`);
    }
    return report(calm, minutes, soaked);
  } finally {
    agent.kill("SIGKILL");
    await blackhole.close();
    await lab.remove();
  }
}

async function untilWell(samples: readonly SoakSample[], up: number): Promise<void> {
  const endAtMs = performance.now() + RECOVER_MS;
  await wait(SETTLE_MS);
  while ((samples.at(-1)?.up ?? 0) < up) {
    if (performance.now() > endAtMs) throw new Error(`${samples.at(-1)?.up} of ${up} targets are well again`);
    await wait(100);
  }
}

function report(calm: readonly SoakSample[][], minutes: number, { targets, up }: Soaked): number {
  const rows = compareQuarters(calm);
  const last = calm.at(-1)?.at(-1);
  const show = (name: string, value: number) =>
    name === "heapBytes" ? `${(value / 1e6).toFixed(1)} MB` : String(value);
  process.stdout.write(
    [
      `${minutes} minutes, ${targets.length} targets (${up} real), ${calm.length} rounds, ${last?.probes ?? 0} probes`,
      "| at a calm moment, median of the quarter | first quarter | last quarter | flat |",
      "| --- | --- | --- | --- |",
      ...rows.map(
        ({ name, first, last: end, isFlat }) =>
          `| ${name} | ${show(name, first)} | ${show(name, end)} | ${isFlat ? "yes" : "no"} |`,
      ),
      `resident at the end: ${((last?.residentBytes ?? 0) / 1e6).toFixed(0)} MB`,
      "",
    ].join("\n"),
  );
  return rows.every(({ isFlat }) => isFlat) ? 0 : 1;
}

process.exitCode = await soak(Number(values.minutes));
process.exit();
