import type { AgentFrame, PeerLink, StoreHealth } from "@evenkeel/contracts/agent-protocol";
import type { Observation } from "@evenkeel/contracts/observation";
import { ArbitrationSettings, Plan, type PlannedMonitor, type Timing } from "@evenkeel/contracts/plan";
import { createInstanceState } from "@evenkeel/core/arbitration/create";
import { decide } from "@evenkeel/core/arbitration/decide";
import { findMonitor } from "@evenkeel/core/arbitration/monitor-rows";
import type {
  ArbitrationEvent,
  Decision,
  Effect,
  InstanceState,
  MonitorState,
  OperatorCommand,
  SettledCommand,
  Surroundings,
} from "@evenkeel/core/arbitration/state";

export const TIMING: Timing = {
  retryIntervalMs: 200,
  monitorTimeoutMs: 1000,
  accessTimeoutMs: 200,
  healthPrecision: 1,
  healthyThreshold: 1,
  unhealthyThreshold: 2,
  fastRefuse: false,
};

/** A store that an agent reaches. */
export const UP_STORES: StoreHealth[] = [{ store: "main", reachable: true, words: "" }];

/** What a test may change of the planned monitor. */
export interface WorldOptions {
  readonly monitor?: Partial<PlannedMonitor>;
  readonly timing?: Partial<Timing>;
  readonly settings?: Partial<ArbitrationSettings>;
  readonly sites?: readonly { id: string; kind: "data" | "witness" }[];
  /** Ids of the route stores; one, `main`, if left out. */
  readonly stores?: readonly string[];
  readonly dataCentres?: readonly { name: string; site: string; priority: number }[];
}

export const MONITOR = "mon_orders1";

/** Makes the plan of a small world: sites dc1, dc2 and a witness, one monitor, one store. */
export function makePlan(options: WorldOptions = {}, version = 1): Plan {
  const sites = options.sites ?? [
    { id: "s1", kind: "data" as const },
    { id: "s2", kind: "data" as const },
    { id: "sw", kind: "witness" as const },
  ];
  const dataCentres = options.dataCentres ?? [
    { name: "dc1", site: "s1", priority: 1 },
    { name: "dc2", site: "s2", priority: 2 },
  ];
  return Plan.parse({
    version,
    instanceId: "ins_test01",
    instanceName: "test",
    settings: ArbitrationSettings.parse(options.settings ?? {}),
    sites: sites.map((site) => ({ id: site.id, name: site.id, kind: site.kind })),
    stores: (options.stores ?? ["main"]).map((id) => {
      return { id, endpoints: ["127.0.0.1:1"], sites: [], user: null, sealed: null, caPem: null };
    }),
    monitors: [
      {
        id: MONITOR,
        name: "orders",
        kind: "anything",
        applicationId: "app_shop01",
        switchable: true,
        monitored: true,
        automatic: true,
        windows: [],
        failOn: [],
        home: "dc1",
        ...options.monitor,
        timing: { ...TIMING, ...options.timing },
        dataCentres: dataCentres.map((dc) => ({ ...dc, targetVersion: 1, config: {}, sealed: null })),
      },
    ],
  });
}

/** An instance driven by hand: a clock, agents that say what they are told to say, and every effect on record. */
export interface World {
  now: number;
  state: InstanceState;
  readonly effects: Effect[];
  readonly replies: SettledCommand[];
  /** How processes hold new writes; none do at first. */
  holders: Surroundings["holders"];
  /** What each agent says of its links, by agent id. */
  readonly links: Record<string, PeerLink[]>;
  event(event: ArbitrationEvent): Decision;
  connect(agentId: string, site: string, boot?: string): void;
  report(agentId: string, observations: Observation[], stores?: StoreHealth[]): void;
  /** Lets agents answer the question under way. */
  answer(agentId: string, observations: Observation[], nonce?: string, stores?: StoreHealth[]): void;
  written(agentId: string, outcome?: WrittenOutcome): void;
  command(order: OperatorCommand): void;
  monitor(): MonitorState;
  nonce(): string;
  events(type?: string): string[];
}

type WrittenOutcome = Extract<AgentFrame, { type: "written" }>["results"][number]["outcome"];

/** Starts a world with its plan taken. */
export function startWorld(options: WorldOptions = {}): World {
  let used = 0;
  const world: World = {
    now: 1_000_000,
    state: createInstanceState({ ...makePlan(options), version: 0, monitors: [] }, 1_000_000),
    effects: [],
    replies: [],
    holders: {},
    links: {},
    event(event) {
      used += 1;
      const heard = Object.fromEntries(
        Object.values(world.state.agents).map((agent) => [agent.id, agent.connected ? world.now : 0]),
      );
      const entropy = `entropy${String(used).padStart(9, "0")}`;
      const decision = decide(world.state, event, { now: world.now, entropy, heard, holders: world.holders });
      world.state = decision.state;
      world.effects.push(...decision.effects);
      world.replies.push(...decision.replies);
      return decision;
    },
    connect(agentId, site, boot = `${agentId}-boot-1`) {
      const agent = { id: agentId, name: agentId, site };
      world.event({
        type: "agent-connected",
        agent,
        hello: { type: "hello", protocol: 1, boot, version: "1", planVersion: 0, host: "h" },
      });
    },
    report(agentId, observations, stores = UP_STORES) {
      const boot = world.state.agents[agentId]?.boot ?? "none-known";
      const frame = {
        type: "report" as const,
        boot,
        seq: 1,
        full: false,
        illness: null,
        stores,
        links: world.links[agentId] ?? [],
        observations,
      };
      world.event({ type: "report", agentId, frame });
    },
    answer(agentId, observations, nonce = world.nonce(), stores = UP_STORES) {
      world.event({
        type: "answer",
        agentId,
        frame: {
          type: "answer",
          nonce,
          illness: null,
          stores,
          links: world.links[agentId] ?? [],
          observations,
        },
      });
    },
    written(agentId, outcome = { result: "stored", written: true }) {
      const results = [
        {
          monitorId: MONITOR,
          store: "main",
          epoch: world.monitor().route.epoch,
          step: null,
          tookMs: 2,
          outcome,
        },
      ];
      world.event({ type: "written", agentId, frame: { type: "written", results } });
    },
    command(order) {
      world.event({ type: "command", monitorId: MONITOR, order, principal: "ann" });
    },
    monitor() {
      const monitor = findMonitor(world.state, MONITOR);
      if (monitor === undefined) throw new Error("the monitor is gone");
      return monitor;
    },
    nonce() {
      const nonce = world.monitor().asking?.nonce;
      if (nonce === undefined) throw new Error(`no question is under way; alarm ${world.monitor().alarm}`);
      return nonce;
    },
    events(type) {
      return world.effects.flatMap((effect) =>
        effect.type === "record" && (type === undefined || effect.event.type === type)
          ? [effect.event.because.id]
          : [],
      );
    },
  };
  world.event({ type: "plan", plan: makePlan(options) });
  return world;
}

/** An observation of a target that answers. */
export function up(dataCentre: string, change: Partial<Observation> = {}): Observation {
  return {
    monitorId: MONITOR,
    dataCentre,
    targetVersion: 1,
    judgement: { verdict: "up", reason: "ok", words: "answered in 1 ms" },
    ageMs: 10,
    latencyMs: 1,
    sawUp: true,
    failing: null,
    healthyForMs: 3_600_000,
    freshLoginAgeMs: 5000,
    ...change,
  };
}

/** An observation of a target that has failed for so long. */
export function down(dataCentre: string, ageMs = 1000, change: Partial<Observation> = {}): Observation {
  return up(dataCentre, {
    judgement: { verdict: "down", reason: "refused", code: "ECONNREFUSED", words: "connection refused" },
    failing: { ageMs, probes: 5, refusals: 1 },
    healthyForMs: null,
    ...change,
  });
}

/** Connects one agent per site, each of which sees both data centres up. */
export function settle(world: World): void {
  for (const [agent, site] of [
    ["a1", "s1"],
    ["a2", "s2"],
    ["aw", "sw"],
  ] as const) {
    world.connect(agent, site);
    world.report(agent, [up("dc1"), up("dc2")]);
  }
  world.written("a1");
}

/** Everybody sees dc1 down, says so, and confirms it when asked. */
export function failHome(world: World): void {
  world.now += 1000;
  for (const agent of ["a1", "a2", "aw"]) world.report(agent, [down("dc1")]);
  for (const agent of ["a1", "a2", "aw"]) {
    if (world.monitor().asking !== null) world.answer(agent, [down("dc1", 1010), up("dc2")]);
  }
}
