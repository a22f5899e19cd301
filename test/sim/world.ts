import { type ArbitrationSettings, Plan } from "@evenkeel/contracts/plan";
import type { MonitorState, SettledCommand } from "@evenkeel/core/arbitration/state";
import { followRoutes, type RouteFollower } from "../../sdk/route/route-follower.ts";
import type { RouteSnapshot } from "../../sdk/route/snapshot.ts";
import { createDial, type Doors } from "./dial.ts";
import { APPLICATION, INSTANCE, listSites, MONITOR, makePlan, type Topology } from "./installation.ts";
import { createNetwork, type Network } from "./network.ts";
import { createRandom, type Random } from "./random.ts";
import { createTargets, type Targets } from "./targets.ts";
import { createTimeline, type Timeline } from "./timeline.ts";
import { createVirtualAgent, type VirtualAgent } from "./virtual-agent.ts";
import { createVirtualInstance, type InstanceObserver, type VirtualInstance } from "./virtual-instance.ts";
import type { VirtualSocket } from "./virtual-socket.ts";
import { createVirtualStore, type VirtualStore } from "./virtual-store.ts";
import { createRouteWatch, type RouteWatch } from "./watch-routes.ts";
import { createSwitchWatch, type SwitchWatch } from "./watch-switches.ts";

/** Broken rules that are kept of one history. */
const VIOLATIONS_MAX = 20;
/** Lines of a trace. */
const TRACED_MAX = 2000;
/** In one of so many histories every frame is checked against its schema; that takes time. */
const CHECKED_SHARE = 8;
/** An SDK waits so long for its store before it uses its snapshot, in virtual milliseconds. */
const START_HOLD_MS = 5000;

/** A program that uses the SDK's route logic. Its snapshot outlives it. */
export interface VirtualApplication {
  readonly site: string;
  follower: RouteFollower;
  snapshot: RouteSnapshot;
}

/** Something that happened. */
export interface Traced {
  readonly atMs: number;
  readonly words: string;
}

/** A whole installation on virtual time. */
export interface World {
  readonly topology: Topology;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly sites: readonly string[];
  readonly targets: Targets;
  readonly network: Network;
  readonly agents: readonly VirtualAgent[];
  readonly stores: readonly VirtualStore[];
  readonly applications: VirtualApplication[];
  /** The object that people and the catalogue talk to. */
  readonly instance: VirtualInstance;
  /** Every answer to a command, in order. */
  readonly replies: SettledCommand[];
  readonly violations: string[];
  /** What happened, in order: recorded events, routes in stores, routes that SDKs follow; virtual milliseconds. */
  readonly trace: readonly Traced[];
  readonly routes: Pick<RouteWatch, "changes">;
  readonly switches: Pick<SwitchWatch, "automatic">;
  /** Reports a broken rule. */
  fail(rule: string, words: string): void;
  /** Refuses the token of a site's agent, or takes it again. */
  refuse(site: string, refused: boolean): void;
  cutAllSockets(): void;
  /** A second object runs on a copy of the first one's disk, and some sites are led to it. The result ends it. */
  split(sites: readonly string[]): () => void;
  plan(): Plan;
  /** Publishes a changed plan and has it taken. */
  change(change: (plan: Plan) => Plan): void;
  row(monitorId?: string): MonitorState;
  /** Starts a program, or starts one anew. */
  startApplication(site: string, snapshot?: RouteSnapshot): VirtualApplication;
  run(ms: number): Promise<void>;
}

/**
 * Builds an installation in which everything works; agents run from the start.
 *
 * @param seed makes latencies, ids and jitter
 * @param topology sites, stores and monitors
 * @param settings what differs from the defaults of the arbitration
 */
export function createWorld(
  seed: number,
  topology: Topology,
  settings: Partial<ArbitrationSettings> = {},
): World {
  const timeline = createTimeline();
  const random = createRandom(seed);
  const sites = listSites(topology);
  let plan = makePlan(topology, settings);
  const violations: string[] = [];
  const fail = (rule: string, words: string) => {
    if (violations.length < VIOLATIONS_MAX)
      violations.push(`${rule} at ${Math.round(timeline.now())} ms: ${words}`);
  };
  const sockets = new Set<VirtualSocket>();
  const network = createNetwork(timeline, () => {
    for (const socket of sockets) socket.flush();
  });
  const targets = createTargets(timeline, random, network.reaches);
  const agents: VirtualAgent[] = [];
  const agentOf = (site: string) => agents.find((agent) => agent.site === site);
  const isLinked = (from: string, to: string) => network.reaches(from, to) && agentOf(to)?.isAwake() === true;
  const doors: Doors = {
    ...{ timeline, network, sockets },
    refused: new Set(),
    connected: new Map(),
    instanceFor: (site) => led.get(site) ?? instance,
  };
  /** Sites that are led to a twin of the object. */
  const led = new Map<string, VirtualInstance>();
  const trace: Traced[] = [];
  const note = (words: string) => {
    if (trace.length < TRACED_MAX) trace.push({ atMs: timeline.now(), words });
  };
  const routes = createRouteWatch(fail, note);
  const switches = createSwitchWatch(
    {
      ...{ targets, sites },
      now: () => timeline.now(),
      settledSinceMs: (site, object) => findSettled(doors, agentOf(site), site, object),
      linkedSinceMs: (from, to) => {
        const peer = agentOf(to);
        const reachedSinceMs = network.reachedSinceMs(from, to);
        if (!topology.links || peer === undefined || !peer.isAwake() || reachedSinceMs === null) return null;
        return Math.max(reachedSinceMs, peer.soundSinceMs());
      },
      illness: (site) => agentOf(site)?.illness() ?? { sinceMs: 0, untilMs: 0 },
    },
    fail,
  );
  const stores = plan.stores.map(({ id }) =>
    createVirtualStore(id, timeline, {
      isReachable: (site) => network.reachesStore(site, id),
      onWrite: routes.onWrite,
      onRestore: routes.onStoreRestored,
    }),
  );
  const findStore = (id: string) => {
    const found = stores.find((store) => store.id === id);
    if (found === undefined) throw new Error(`there is no store ${id}`);
    return found;
  };
  const known = sites.map((site) => ({ id: `agent-${site}`, name: `agent-${site}`, site, hash: site }));
  const replies: SettledCommand[] = [];
  const observer: InstanceObserver = {
    onCommit(before, after, object) {
      routes.onCommit(before, after);
      switches.onCommit(before, after, object);
    },
    onPlan: switches.onPlan,
    onRecorded(events) {
      for (const { monitorId, because } of events)
        note(`${monitorId ?? "instance"} [${because.id}] ${because.text}`);
    },
    onRestore: switches.onRestore,
    onReply(reply) {
      replies.push(reply);
      switches.onReply(reply);
    },
    onBroken: fail,
  };
  const checksFrames = seed % CHECKED_SHARE === 0;
  const parts = {
    ...{ timeline, random, agents: known, observer, checksFrames, holds: topology.holds },
    published: () => plan,
    asked: new Map(),
  };
  const instance = createVirtualInstance(parts);
  const cutSites = (which: readonly string[]) => {
    for (const socket of [...sockets]) if (which.includes(socket.site)) socket.cut("cut");
  };
  for (const agent of known) {
    agents.push(
      createVirtualAgent({
        ...{ timeline, random, id: agent.id, site: agent.site, instanceId: INSTANCE, checksFrames },
        openStore: (id) => findStore(id).open(agent.site),
        probe: (config, isNew) => targets.probe(agent.site, config, isNew),
        isLinked: topology.links ? (other) => isLinked(agent.site, other) : null,
        onEnd: () => targets.forget(agent.site),
        dial: createDial(doors, agent),
      }),
    );
  }

  const applications: VirtualApplication[] = [];
  function startApplication(site: string, snapshot: RouteSnapshot = {}): VirtualApplication {
    const store = findStore(topology.stores === "one" ? "main" : `etcd-${site}`);
    const standing = applications.find((one) => one.site === site);
    standing?.follower.close();
    const kept = { routes: standing?.snapshot ?? snapshot };
    const follower = followRoutes(
      {
        store: store.open(site),
        instance: INSTANCE,
        application: APPLICATION,
        startHoldMs: START_HOLD_MS,
        snapshot: { path: site, key: "" },
      },
      {
        after: timeline.after,
        // Nobody is asked beside the store here.
        random: () => 0,
        readSnapshot: () => Promise.resolve({ ok: true, routes: kept.routes }),
        writeSnapshot(_path, _key, known) {
          kept.routes = known;
          application.snapshot = known;
          return Promise.resolve();
        },
      },
    );
    routes.watchFollower(site, follower);
    const application = standing ?? { site, follower, snapshot };
    application.follower = follower;
    if (standing === undefined) applications.push(application);
    return application;
  }

  const world: World = {
    ...{ topology, timeline, random, sites, targets, network, agents, stores, applications, instance },
    ...{ replies, violations, trace, routes, switches, fail, startApplication },
    refuse(site, isRefused) {
      if (isRefused) doors.refused.add(site);
      else doors.refused.delete(site);
    },
    cutAllSockets: () => cutSites(sites),
    split(which) {
      const twin = createVirtualInstance({ ...parts, disk: instance.disk() });
      for (const site of which) led.set(site, twin);
      cutSites(which);
      return () => {
        for (const site of which) led.delete(site);
        twin.end();
      };
    },
    plan: () => plan,
    change(change) {
      plan = Plan.parse({ ...change(plan), version: plan.version + 1 });
      instance.applyPlan(plan);
    },
    row(monitorId = MONITOR) {
      const row = instance.row(monitorId);
      if (row === null) throw new Error(`monitor ${monitorId} has no row`);
      return row;
    },
    run: (ms) => timeline.run(timeline.now() + ms),
  };
  instance.applyPlan(plan);
  for (const agent of agents) agent.start();
  for (const site of sites) if (site !== "sw") startApplication(site);
  return world;
}

/** Since when an agent runs with a sound event loop, is connected to an object and both ways there are open. */
function findSettled(
  doors: Doors,
  agent: VirtualAgent | undefined,
  site: string,
  object: VirtualInstance,
): number | null {
  if (agent === undefined || !agent.isRunning() || doors.refused.has(site)) return null;
  const connection = doors.connected.get(agent.id);
  const openSinceMs = doors.network.openSinceMs(site);
  if (connection?.instance !== object || openSinceMs === null) return null;
  return Math.max(connection.atMs, openSinceMs, agent.soundSinceMs());
}
