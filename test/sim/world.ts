import { ArbitrationSettings, Plan } from "@evenkeel/contracts/plan";
import type { Route } from "@evenkeel/contracts/route";
import type { SettledCommand } from "@evenkeel/core/arbitration/state";
import { followRoutes, type RouteFollower } from "../../sdk/route/route-follower.ts";
import type { RouteSnapshot } from "../../sdk/route/snapshot.ts";
import { createOracles, type Oracles } from "./oracles.ts";
import { createRandom, type Random } from "./random.ts";
import { createTimeline, type Timeline } from "./timeline.ts";
import { type Answer, createVirtualAgent, type VirtualAgent } from "./virtual-agent.ts";
import { createVirtualInstance, type VirtualInstance } from "./virtual-instance.ts";
import { openVirtualSocket, type VirtualSocket, type Way } from "./virtual-socket.ts";
import { createVirtualStore, type VirtualStore } from "./virtual-store.ts";

export const MONITOR = "mon_orders1";
export const INSTANCE = "ins_test01";
export const APPLICATION = "app_shop01";
/** Timing of the one monitor, in virtual milliseconds. */
export const TIMING = {
  retryIntervalMs: 500,
  monitorTimeoutMs: 1500,
  accessTimeoutMs: 300,
  healthPrecision: 1,
  healthyThreshold: 1,
  unhealthyThreshold: 2,
  fastRefuse: false,
} as const;

/** What stands where. */
export interface Topology {
  readonly dataSites: 2 | 3;
  readonly witness: boolean;
  readonly stores: "one" | "per-site";
}

/** The truth about one target, which nobody in the world knows. */
export type Truth = "up" | "dead" | "hanging" | "grey" | "denying" | "degraded";

/** A program that uses the SDK's route logic. */
export interface VirtualApplication {
  readonly site: string;
  readonly follower: RouteFollower;
}

/** A whole installation on virtual time. */
export interface World {
  readonly topology: Topology;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly oracles: Oracles;
  readonly instance: VirtualInstance;
  readonly agents: readonly VirtualAgent[];
  readonly stores: readonly VirtualStore[];
  readonly applications: VirtualApplication[];
  readonly sites: readonly string[];
  readonly replies: SettledCommand[];
  truth(dataCentre: string, truth?: Truth): Truth;
  /** The network between a site and the control plane. */
  edge(site: string, up: Way, down: Way): void;
  /** The network between two places, from the first to the second: sites and store ids. */
  cut(from: string, to: string, isCut: boolean): void;
  /** Refuses an agent's token, or takes it again. */
  refuse(site: string, refused: boolean): void;
  cutAllSockets(): void;
  plan(): Plan;
  /** Publishes a changed plan and has it taken. */
  change(change: (plan: Plan) => Plan): void;
  route(): Route;
  startApplication(site: string, snapshot?: RouteSnapshot): VirtualApplication;
  run(ms: number): Promise<void>;
}

/** The data centre that stands in a site. */
export const dcOf = (site: string) => site.replace("s", "dc");

function makePlan(
  topology: Topology,
  sites: readonly string[],
  settings: Partial<ArbitrationSettings>,
): Plan {
  const dataSites = sites.filter((site) => site !== "sw");
  return Plan.parse({
    version: 1,
    instanceId: INSTANCE,
    instanceName: "sim",
    settings: ArbitrationSettings.parse({ switchBackHealthMs: 5000, rearmAfterMs: 5000, ...settings }),
    sites: sites.map((id) => ({ id, name: id, kind: id === "sw" ? "witness" : "data" })),
    stores: (topology.stores === "one" ? ["main"] : dataSites.map((site) => `etcd-${site}`)).map((id) => ({
      id,
      endpoints: ["127.0.0.1:1"],
      sites: id === "main" ? [] : [id.slice("etcd-".length)],
      user: null,
      sealed: null,
      caPem: null,
    })),
    monitors: [
      {
        id: MONITOR,
        name: "orders",
        kind: "fake",
        applicationId: APPLICATION,
        switchable: true,
        monitored: true,
        automatic: true,
        windows: [],
        failOn: [],
        home: "dc1",
        timing: TIMING,
        dataCentres: dataSites.map((site, index) => ({
          name: dcOf(site),
          site,
          priority: index + 1,
          targetVersion: 1,
          config: { dc: dcOf(site) },
          sealed: null,
        })),
      },
    ],
  });
}

/**
 * Builds an installation in which everything works; agents run from the start.
 *
 * @param seed makes latencies, ids and jitter
 * @param topology sites and stores
 * @param settings what differs from the defaults of the arbitration
 */
export function createWorld(
  seed: number,
  topology: Topology,
  settings: Partial<ArbitrationSettings> = {},
): World {
  const timeline = createTimeline();
  const random = createRandom(seed);
  const sites = [
    "s1",
    "s2",
    ...(topology.dataSites === 3 ? ["s3"] : []),
    ...(topology.witness ? ["sw"] : []),
  ];
  let plan = makePlan(topology, sites, settings);
  const truths = new Map<string, Truth>();
  const ways = new Map<string, { up: Way; down: Way }>();
  const cuts = new Set<string>();
  const refused = new Set<string>();
  const sockets = new Set<VirtualSocket>();
  const replies: SettledCommand[] = [];
  const storeSite = (id: string) => (id === "main" ? null : id.slice("etcd-".length));
  const reaches = (from: string, to: string) =>
    from === to || !(cuts.has(`${from}>${to}`) || cuts.has(`${to}>${from}`));
  const canWrite = (site: string, store: string) => {
    const at = storeSite(store);
    return !cuts.has(`${site}>${store}`) && (at === null || reaches(site, at));
  };
  const truth = (dc: string) => truths.get(dc) ?? "up";

  const oracles = createOracles({
    now: () => timeline.now(),
    /** Whether a probe from a site would be answered: that is life, whatever the answer says. */
    isAnswered: (site, dc) => {
      const state = truth(dc);
      return (
        reaches(site, dc.replace("dc", "s")) && state !== "dead" && state !== "hanging" && state !== "grey"
      );
    },
    // What answers now and then is neither fit nor unfit: which probe was the last one decides.
    mayBeFit: (dc) => truth(dc) === "up" || truth(dc) === "grey",
    isMistyped: (dc) => plan.monitors[0]?.dataCentres.find((one) => one.name === dc)?.config.typo === true,
    witnesses: () =>
      agents.flatMap((agent) => {
        const way = ways.get(agent.site);
        const heard = (way?.up ?? "open") === "open" && (way?.down ?? "open") === "open";
        return heard && agent.isRunning() && connected.has(agent.id) && !refused.has(agent.site)
          ? [{ site: agent.site, soundSinceMs: Math.max(agent.soundSinceMs(), connected.get(agent.id) ?? 0) }]
          : [];
      }),
    sites,
    dataCentres: sites.filter((site) => site !== "sw").map(dcOf),
  });
  const stores = plan.stores.map(({ id }) =>
    createVirtualStore(id, timeline, {
      isReachable: (site) => canWrite(site, id),
      onWrite: oracles.onWrite,
      onRestore: oracles.onStoreRestored,
    }),
  );
  const findStore = (id: string) => {
    const found = stores.find((store) => store.id === id);
    if (found === undefined) throw new Error(`there is no store ${id}`);
    return found;
  };
  const known = sites.map((site) => ({ id: `agent-${site}`, name: `agent-${site}`, site, hash: site }));
  const instance = createVirtualInstance(timeline, random, known, {
    onCommit: oracles.onCommit,
    onRestore: oracles.onInstanceRestored,
    onReply: (reply) => replies.push(reply),
  });
  /** Since when each agent's connection is open. */
  const connected = new Map<string, number>();

  const probe = (site: string, settings: Record<string, unknown>): Answer => {
    const dc = String(settings.dc);
    if (settings.typo === true) return "refused";
    if (!reaches(site, dc.replace("dc", "s"))) return "silent";
    const state = truth(dc);
    if (state === "grey") return random.chance(0.5) ? "up" : "silent";
    const answers = {
      up: "up",
      dead: "refused",
      hanging: "silent",
      denying: "denied",
      degraded: "degraded",
    } as const;
    return answers[state];
  };
  const agents = known.map((agent) =>
    createVirtualAgent({
      id: agent.id,
      site: agent.site,
      instanceId: INSTANCE,
      timeline,
      random,
      openStore: (id) => findStore(id).open(agent.site),
      probe: (settings) => probe(agent.site, settings),
      dial: (events) => {
        let socket: VirtualSocket | null = null;
        let over = false;
        const end = (words: string) => {
          if (over) return;
          over = true;
          connected.delete(agent.id);
          if (socket !== null) socket.clientOpen = false;
          timeline.after(0, () => events.onClosed(words));
        };
        const endHandshake = timeline.after(5000, () => end("the handshake took too long"));
        timeline.after(4, () => {
          const way = ways.get(agent.site) ?? { up: "open", down: "open" };
          if (over || way.up !== "open" || way.down !== "open") return;
          endHandshake();
          if (refused.has(agent.site)) {
            end("Unexpected server response: 401");
            return;
          }
          const opened = openVirtualSocket(
            timeline,
            {
              up: () => ways.get(agent.site)?.up ?? "open",
              down: () => ways.get(agent.site)?.down ?? "open",
              latencyMs: agent.site === "sw" ? 5 : 2,
            },
            { onText: events.onText, onClosed: end },
            {
              onText: (text) => instance.take(opened, text),
              onClosed: () => {
                sockets.delete(opened);
                instance.ended(opened);
              },
            },
          );
          socket = opened;
          sockets.add(opened);
          connected.set(agent.id, timeline.now());
          instance.accept(opened, agent);
          timeline.after(2, events.onOpen);
        });
        return {
          isOpen: () => !over && socket?.clientOpen === true,
          backlogBytes: () => 0,
          send: (text) => socket?.sendUp(text),
          close: (_code, reason) => {
            socket?.cut(reason);
            end(reason);
          },
          terminate: () => {
            socket?.cut("terminated");
            end("terminated");
          },
        };
      },
    }),
  );

  function startApplication(site: string, snapshot: RouteSnapshot = {}): VirtualApplication {
    const store = findStore(topology.stores === "one" ? "main" : `etcd-${site === "sw" ? "s1" : site}`);
    let kept = snapshot;
    const follower = followRoutes(
      {
        store: store.open(site),
        instance: INSTANCE,
        application: APPLICATION,
        startHoldMs: 5000,
        snapshot: { path: site, key: "" },
      },
      {
        after: timeline.after,
        readSnapshot: () => Promise.resolve({ ok: true, routes: kept }),
        writeSnapshot: (_path, _key, routes) => {
          kept = routes;
          return Promise.resolve();
        },
      },
    );
    oracles.watchFollower(follower);
    const application = { site, follower };
    applications.push(application);
    return application;
  }

  const applications: VirtualApplication[] = [];
  const flush = () => {
    for (const socket of sockets) socket.flush();
  };
  const world: World = {
    ...{ topology, timeline, random, oracles, instance, agents, stores, applications, sites, replies },
    truth(dc, next) {
      if (next !== undefined) {
        truths.set(dc, next);
        oracles.look();
      }
      return truth(dc);
    },
    edge(site, up, down) {
      ways.set(site, { up, down });
      oracles.look();
      flush();
    },
    cut(from, to, isCut) {
      if (isCut) cuts.add(`${from}>${to}`);
      else cuts.delete(`${from}>${to}`);
      oracles.look();
    },
    refuse(site, isRefused) {
      if (isRefused) refused.add(site);
      else refused.delete(site);
    },
    cutAllSockets: () => {
      for (const socket of [...sockets]) socket.cut("cut");
    },
    plan: () => plan,
    change(change) {
      plan = Plan.parse({ ...change(plan), version: plan.version + 1 });
      instance.applyPlan(plan);
    },
    route() {
      const row = instance.row(MONITOR);
      if (row === null) throw new Error("the monitor has no row");
      return row.route;
    },
    startApplication,
    run: (ms) => timeline.run(timeline.now() + ms, oracles.look),
  };
  instance.applyPlan(plan);
  for (const agent of agents) agent.start();
  for (const site of sites) if (site !== "sw") startApplication(site);
  return world;
}
