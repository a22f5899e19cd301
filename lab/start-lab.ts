import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { LiveView } from "@evenkeel/contracts/live";
import { LiveView as LiveViewSchema } from "@evenkeel/contracts/live";
import type { TimingOverrides } from "@evenkeel/contracts/plan";
import { processPrefix } from "@evenkeel/contracts/process";
import { z } from "zod";
import { type AgentHandle, startAgents } from "./arrange/agents.ts";
import { type ApiClient, becomeOwner } from "./arrange/api-client.ts";
import { type Arrangement, arrangeInstance, arrangeMonitor, arrangeStore } from "./arrange/arrange.ts";
import { describeMonitors, type Gates } from "./arrange/monitors.ts";
import { startShop } from "./arrange/shop.ts";
import { answers, prepareControlPlane } from "./control-plane.ts";
import type { EngineHandle } from "./engines/engine-handle.ts";
import { type EtcdHandle, startEtcd } from "./engines/etcd.ts";
import { type HttpTargets, startHttpTargets } from "./engines/http-targets.ts";
import { type LabEngine, listPrograms, locateEngine } from "./engines/lab-engines.ts";
import { gateProcess } from "./processes/gate-process.ts";
import { LAB_HOST, type LabPorts, labPorts } from "./processes/ports.ts";
import type { ManagedProcess } from "./processes/process-spec.ts";
import { createSupervisor, type Supervisor } from "./processes/supervisor.ts";
import { ensurePrograms, isFound, type ProgramName, type Programs } from "./setup/programs.ts";
import { createShopFeed, type ShopFeed } from "./shop/shop-feed.ts";

/** What a lab is to be. */
export interface LabOptions {
  readonly stateDir: string;
  readonly offset: number;
  /** Engines to start; one that is not installed is left out with a line that says so. */
  readonly engines: readonly LabEngine[];
  /** Whether HTTP targets with an API monitor are part of it. */
  readonly http: boolean;
  /** Stands a relay between every client and the databases, so that a target can be made to refuse or to vanish. */
  readonly gates: boolean;
  /** Timing of all monitors; null: the defaults of their kinds. */
  readonly timing: TimingOverrides | null;
  /** Arbitration settings that differ from the defaults. */
  readonly arbitration: Record<string, unknown>;
  readonly say: (line: string) => void;
}

/** A running lab. */
export interface Lab {
  readonly options: LabOptions;
  readonly ports: LabPorts;
  readonly supervisor: Supervisor;
  readonly api: ApiClient;
  readonly arrangement: Arrangement;
  readonly controlPlane: ManagedProcess;
  readonly etcd: EtcdHandle;
  readonly engines: ReadonlyMap<LabEngine, EngineHandle>;
  readonly http: HttpTargets | null;
  readonly agents: readonly AgentHandle[];
  readonly shop: ManagedProcess | null;
  readonly feed: ShopFeed;
  /** Relays by process name (`gate-postgresql-dc1`). */
  readonly gates: Gates;
  /** Monitor ids by kind. */
  readonly monitors: Readonly<Record<string, string>>;
  view(): Promise<LiveView>;
  end(): Promise<void>;
}

const SECRET_BYTES = 32;
const OWNER_FILE = "owner.json";

const Owner = z.object({ setupToken: z.string(), password: z.string(), token: z.string().nullable() });
type Owner = z.infer<typeof Owner>;

/**
 * Starts a lab: processes first, all at one time, then everything that people would do through the API.
 *
 * @param wanted what it is to be
 * @returns the lab
 * @throws Error with one clear sentence if it cannot be started; what it had started is ended
 */
export async function startLab(wanted: LabOptions): Promise<Lab> {
  // Some servers change their folder at the start, so that a relative path would mean another place to them.
  const options = { ...wanted, stateDir: resolve(wanted.stateDir) };
  mkdirSync(options.stateDir, { recursive: true });
  const created = await createSupervisor(options.stateDir);
  if (!created.ok) throw new Error(created.message);
  const { supervisor } = created;
  try {
    return await build(options, supervisor);
  } catch (error) {
    await supervisor.end();
    throw error;
  }
}

async function build(options: LabOptions, supervisor: Supervisor): Promise<Lab> {
  const { say, stateDir } = options;
  const ports = labPorts(options.offset);
  const wanted: ProgramName[] = ["etcd", ...listPrograms(options.engines)];
  const programs = await ensurePrograms(wanted, say);
  const owner = loadOwner(stateDir);
  const feed = createShopFeed();
  say("starting the control plane, etcd and the databases …");
  const [controlPlane, etcd, engines, http, gates] = await Promise.all([
    startControlPlane(options, supervisor, ports, owner),
    startRouteStore(options, supervisor, ports, programs),
    startEngines(options, supervisor, ports),
    options.http ? startHttpTargets(supervisor, ports) : null,
    options.gates ? startGates(options, supervisor, ports) : new Map<string, ManagedProcess>(),
  ]);
  const url = `http://${LAB_HOST}:${ports["control-plane"]}`;
  const api = await becomeOwner(url, owner.setupToken, owner.token, owner.password);
  saveOwner(stateDir, { ...owner, token: api.token });
  const kinds = [...engines.keys(), ...(http === null ? [] : [http.kind])];
  const arrangement = await arrangeInstance(api, {
    arbitration: options.arbitration,
    timing: options.timing,
    kinds,
  });
  say("enrolling the agents …");
  const agents = await startAgents({ api, arrangement, supervisor, ports, stateDir, url });
  await arrangeStore(api, arrangement.instanceId, { endpoints: etcd.endpoints, ...etcd.users.agent });
  const { instanceId, applicationId } = arrangement;
  await etcd.letSdkWrite(processPrefix(instanceId, applicationId));
  const monitors: Record<string, string> = {};
  for (const monitor of describeMonitors({ engines, http, ports, gated: options.gates })) {
    monitors[monitor.kind] = (await arrangeMonitor(api, arrangement, monitor)).id;
  }
  const view = () => api.get(`/instances/${arrangement.instanceId}/live`, LiveViewSchema);
  const started = {
    options,
    ports,
    supervisor,
    api,
    arrangement,
    controlPlane,
    etcd,
    engines,
    http,
    agents,
    feed,
    gates,
  };
  say("waiting until every monitor is seen …");
  await untilSettled(view, supervisor);
  const shop = engines.size === 0 ? null : await startShop({ ...started, monitors, stateDir });
  return { ...started, shop, monitors, view, end: () => supervisor.end() };
}

function loadOwner(stateDir: string): Owner {
  const file = join(stateDir, OWNER_FILE);
  if (existsSync(file)) return Owner.parse(JSON.parse(readFileSync(file, "utf8")));
  const random = () => randomBytes(SECRET_BYTES).toString("base64url");
  return { setupToken: random(), password: random(), token: null };
}

function saveOwner(stateDir: string, owner: Owner): void {
  writeFileSync(join(stateDir, OWNER_FILE), JSON.stringify(owner), { mode: 0o600 });
}

async function startControlPlane(
  options: LabOptions,
  supervisor: Supervisor,
  ports: LabPorts,
  owner: Owner,
): Promise<ManagedProcess> {
  // The token must be on disk before the control plane knows it: a lab that dies in between finds it again.
  saveOwner(options.stateDir, owner);
  const port = ports["control-plane"];
  const stateDir = join(options.stateDir, "control-plane");
  const prepared = await prepareControlPlane({
    stateDir,
    port,
    vars: { EVENKEEL_SETUP_TOKEN: owner.setupToken },
  });
  const url = `http://${LAB_HOST}:${port}`;
  const started = await supervisor.spawnProcess({
    name: "control-plane",
    role: "control-plane",
    command: prepared.command,
    args: prepared.args,
    env: prepared.env,
    cwd: prepared.cwd,
    ports: [{ port, wantedBy: "the control plane" }],
    // Everything that it knows is on disk before it acts; ended in good order it would wait for its open connections.
    endSignal: "SIGKILL",
    isReady: () => answers(url),
  });
  if (!started.ok) throw new Error(started.message);
  return started.process;
}

async function startRouteStore(
  options: LabOptions,
  supervisor: Supervisor,
  ports: LabPorts,
  programs: Programs,
): Promise<EtcdHandle> {
  const program = programs.etcd;
  if (!isFound(program)) throw new Error(`The lab cannot run without etcd: ${program.missing}`);
  const { stateDir, say } = options;
  const started = await startEtcd({ stateDir, ports, program, supervisor, say });
  if (!started.ok) throw new Error(started.message);
  return started.handle;
}

async function startEngines(
  options: LabOptions,
  supervisor: Supervisor,
  ports: LabPorts,
): Promise<ReadonlyMap<LabEngine, EngineHandle>> {
  const { stateDir, say } = options;
  const started = await Promise.all(
    options.engines.map(async (engine): Promise<[LabEngine, EngineHandle][]> => {
      const start = await locateEngine(engine, say, true);
      if (typeof start !== "function") {
        say(`without ${engine}: ${start.missing}`);
        return [];
      }
      const result = await start({ stateDir, ports, supervisor, say });
      if (!result.ok) throw new Error(result.message);
      return [[engine, result.handle]];
    }),
  );
  return new Map(started.flat());
}

async function startGates(
  options: LabOptions,
  supervisor: Supervisor,
  ports: LabPorts,
): Promise<ReadonlyMap<string, ManagedProcess>> {
  const names = [...options.engines, ...(options.http ? (["http"] as const) : [])];
  const gates = new Map<string, ManagedProcess>();
  for (const engine of names) {
    for (const site of ["dc1", "dc2"] as const) {
      const name = `gate-${engine}-${site}` as const;
      const spec = gateProcess({ name, site, listen: ports[name], to: ports[`${engine}-${site}`] });
      const started = await supervisor.spawnProcess(spec);
      if (!started.ok) throw new Error(started.message);
      gates.set(name, started.process);
    }
  }
  return gates;
}

/** The lab is settled when every agent is heard and every data centre is normal. */
const SETTLE_LIMIT_MS = 60_000;
const SETTLE_POLL_MS = 100;

async function untilSettled(view: () => Promise<LiveView>, supervisor: Supervisor): Promise<void> {
  const until = Date.now() + SETTLE_LIMIT_MS;
  let last = "nothing was seen";
  while (Date.now() < until) {
    const live = await view();
    const missing = live.monitors.flatMap((monitor) =>
      monitor.dataCentres
        .filter((dc) => dc.state !== "normal" || Object.values(dc.votes).some((vote) => vote !== "up"))
        .map((dc) => `${monitor.name} in ${dc.name} is ${dc.state} (${dc.words})`),
    );
    const lost = live.agents
      .filter((agent) => !agent.connected)
      .map((agent) => `agent ${agent.name} is not connected`);
    const stores = live.stores
      .filter((store) => !store.reachable)
      .map((store) => `store ${store.id}: ${store.words}`);
    const open = [...missing, ...lost, ...stores];
    if (open.length === 0 && live.monitors.length > 0) return;
    last = open.join("; ");
    await new Promise((resolve) => setTimeout(resolve, SETTLE_POLL_MS));
  }
  const dead = supervisor.processes().filter((one) => one.state().kind === "exited");
  const names = dead.map((one) => `${one.spec.name} (see ${one.logFile})`).join(", ");
  throw new Error(
    `the lab did not settle within ${SETTLE_LIMIT_MS / 1000} s: ${last}${names === "" ? "" : `; ended: ${names}`}`,
  );
}
