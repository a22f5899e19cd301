import {
  type EdgeFrame,
  type Illness,
  type PeerAddress,
  type PeerLink,
  PROTOCOL_VERSION,
  type RouteWrite,
} from "@evenkeel/contracts/agent-protocol";
import type { Plan, PlannedStore } from "@evenkeel/contracts/plan";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import type { ToldRoutes } from "@evenkeel/contracts/told-routes";
import { computeIllness } from "@evenkeel/core/health/illness";
import type { Cancel, Clock } from "./clock.ts";
import { EdgeConnection, type EdgeListener, type ReadFrame } from "./edge/edge-connection.ts";
import type { Dial } from "./edge/edge-socket.ts";
import { createReporter, type Reporter } from "./edge/reporter.ts";
import type { LoopLag } from "./loop-lag.ts";
import type { Peer, PeerPorts } from "./peers/peer-net.ts";
import { createPeerSet, type PeerSet } from "./peers/peer-set.ts";
import { createProberSet, type ProberSet, type ProbingPorts, targetKey } from "./probing/prober-set.ts";
import { testTarget } from "./probing/test-target.ts";
import type { StoreSecret } from "./stores/store-secret.ts";
import { createStoreSet, type StoreSet } from "./stores/store-set.ts";
import type { Unseal } from "./unseal.ts";
import { VERSION } from "./version.ts";

/** How long the answer to a question waits for fresh probes, in milliseconds. */
const FRESH_ANSWER_MS = 50;

/** What the agent tells its operator, one line each. */
export type Say = (line: string) => void;

/** A running agent. */
export interface RunningAgent {
  /** What `/healthz` and `/metrics` show. */
  status(): AgentStatus;
  stop(): void;
}

/** The agent's own state, for people and for monitoring. */
export interface AgentStatus {
  readonly connected: boolean;
  readonly planVersion: number;
  readonly targets: number;
  readonly failingTargets: number;
  readonly stores: readonly { readonly store: string; readonly reachable: boolean }[];
  /** Links to the agents of other sites. */
  readonly links: readonly PeerLink[];
  readonly loopLateMs: number;
}

/** How applications ask this agent for their routes. */
export interface ApplicationsPort {
  /** As seen by the applications. */
  readonly address: PeerAddress;
  /** Begins to answer. @param tell says what is known; null: not the latest routes @returns ends it */
  open(tell: (applicationId: string) => ToldRoutes | null): () => void;
}

/** The surroundings of an agent: the machine's, or a simulator's. */
export interface AgentPorts {
  readonly instanceId: string;
  readonly site: string;
  /** New with each start of the process. */
  readonly boot: string;
  readonly host: string;
  readonly clock: Clock;
  /** A random number from 0 up to 1. */
  readonly random: () => number;
  readonly dial: Dial;
  /** How the control plane's frames are read; absent: against their schema. */
  readonly readFrame?: ReadFrame;
  readonly unseal: Unseal;
  readonly lag: LoopLag;
  readonly findPlugin: (kind: string) => MonitorPlugin | undefined;
  /** Who writes heartbeats; absent: this agent writes none. */
  readonly heart?: Pick<NonNullable<ProbingPorts["heartbeats"]>, "source" | "firstSeq">;
  readonly openStore: (planned: PlannedStore, secret: StoreSecret) => RouteStore;
  readonly loadPlan: () => Promise<Plan | null>;
  readonly keepPlan: (plan: Plan) => Promise<void>;
  /** How the agents of other sites are reached; absent: this agent has no port for them, and so no links. */
  readonly peers?: PeerPorts;
  /** Where it tells applications their routes; absent: nowhere. */
  readonly applications?: ApplicationsPort;
  /** Whether it tells the control plane of the processes that follow routes. */
  readonly tellsProcesses: boolean;
  readonly say: Say;
}

/** The parts of an agent. They know each other through this object only. */
interface Parts {
  readonly ports: AgentPorts;
  readonly say: Say;
  readonly reporter: Reporter;
  readonly probers: ProberSet;
  readonly stores: StoreSet;
  readonly peers: PeerSet;
  readonly connection: EdgeConnection;
  plan: Plan | null;
  /** Plans are taken one after the other, in the order in which they came; so are lists of peers kept. */
  taking: Promise<void>;
}

/**
 * Runs the logic of an agent: it probes the plan's targets, reports changes, answers questions and writes routes. It
 * never decides. It works from the plan and the peers that an earlier start kept until the control plane answers.
 *
 * @param ports its surroundings
 */
export async function runAgentKernel(ports: AgentPorts): Promise<RunningAgent> {
  const parts = assemble(ports);
  const kept = await ports.loadPlan();
  parts.peers.follow((await ports.peers?.load()) ?? []);
  if (kept !== null) {
    queuePlan(parts, kept, () =>
      ports.say(`working from the kept plan ${kept.version} until the control plane answers`),
    );
  }
  parts.connection.open();
  const endTelling = ports.applications?.open(parts.stores.routes);
  return {
    status: () => renderStatus(parts),
    stop: () => {
      endTelling?.();
      parts.reporter.stop();
      parts.connection.close();
      parts.peers.stop();
      parts.probers.stop();
      parts.stores.close();
      ports.lag.stop();
    },
  };
}

function assemble(ports: AgentPorts): Parts {
  const { clock, unseal, say } = ports;
  const reporter = createReporter(
    {
      boot: ports.boot,
      gather: (targets) => ({
        illness: doubt(parts),
        stores: parts.stores.health(),
        links: parts.peers.links(),
        observations: parts.probers.observe(targets),
      }),
      send: (frame) => parts.connection.send(frame),
    },
    clock,
  );
  const stores = createStoreSet({
    ...{ instanceId: ports.instanceId, site: ports.site, openStore: ports.openStore },
    ...{ unseal, clock, say },
    confirmedBy: () => (parts.connection.isHeard() ? "edge" : "none"),
    onChange: () => reporter.note(null),
    onForeign: (results) => parts.connection.send({ type: "written", results }),
    onRoutes: () => parts.probers.lookAgain(),
    onProcesses: (frame) => parts.connection.send(frame),
  });
  const peers = createPeerSet({
    clock,
    site: ports.site,
    net: ports.peers?.net ?? null,
    onChange: () => reporter.note(null),
    say,
  });
  const connection = new EdgeConnection(
    ports.dial,
    listen(() => parts),
    ports,
  );
  const probers = createProberSet(unseal, (target) => reporter.note(target), probeWith(ports, stores));
  const parts: Parts = {
    ...{ ports, say, reporter, probers, stores, peers, connection },
    plan: null,
    taking: Promise.resolve(),
  };
  return parts;
}

/** Heartbeats go where the stores and the control plane say that a monitor's writes go. */
function probeWith(ports: AgentPorts, { witnesses: listen }: StoreSet): ProbingPorts {
  return ports.heart === undefined ? ports : { ...ports, heartbeats: { ...ports.heart, listen } };
}

/** What the agent makes of its connection. The parts are asked for later, because the connection is one of them. */
function listen(findParts: () => Parts): EdgeListener {
  return {
    onOpen: () => sayHello(findParts()),
    onFrame: (frame) => handleFrame(findParts(), frame),
    onClosed(words) {
      const { reporter, stores, say } = findParts();
      reporter.pause();
      stores.forgetTold();
      say(`not connected to the control plane: ${words}`);
    },
  };
}

function doubt(parts: Parts): Illness {
  return computeIllness(parts.ports.lag.worstMs(), parts.probers.sights());
}

function sayHello(parts: Parts): void {
  const planVersion = parts.plan?.version ?? 0;
  const { boot, host } = parts.ports;
  parts.connection.send({
    type: "hello",
    protocol: PROTOCOL_VERSION,
    boot,
    version: VERSION,
    planVersion,
    host,
    peer: parts.ports.peers?.net.address ?? null,
    routes: parts.ports.applications?.address ?? null,
    tellsProcesses: parts.ports.tellsProcesses,
  });
}

function handleFrame(parts: Parts, frame: EdgeFrame): void {
  switch (frame.type) {
    case "welcome":
      parts.connection.settle();
      parts.say(`connected to the control plane as ${frame.agentId}, plan ${frame.plan.version}`);
      queuePlan(parts, frame.plan, () => {
        parts.reporter.startAnew();
        void write(parts, frame.routes);
      });
      return;
    case "plan":
      queuePlan(parts, frame.plan, () => parts.reporter.note(null));
      return;
    case "ack":
      parts.reporter.acknowledge(frame.boot, frame.seq);
      return;
    case "ask":
      void answer(parts, frame);
      return;
    case "write-routes":
      void write(parts, frame.writes);
      return;
    case "test":
      void test(parts, frame);
      return;
    case "tell-processes":
      parts.stores.tellProcesses(frame.stores);
      return;
    case "peers":
      takePeers(parts, frame.peers);
      return;
  }
}

function queuePlan(parts: Parts, next: Plan, then: () => void): void {
  parts.taking = parts.taking
    .then(() => takePlan(parts, next))
    .then(then, (error: unknown) => {
      const words = error instanceof Error ? error.message : String(error);
      parts.say(`plan ${next.version} could not be taken: ${words}`);
    });
}

async function takePlan(parts: Parts, next: Plan): Promise<void> {
  if (parts.plan !== null && next.version < parts.plan.version) return;
  parts.plan = next;
  await parts.stores.follow(next);
  await parts.probers.follow(next);
  await parts.ports.keepPlan(next);
}

function takePeers(parts: Parts, next: readonly Peer[]): void {
  parts.peers.follow(next);
  parts.taking = parts.taking
    .then(() => parts.ports.peers?.keep(next))
    .catch((error: unknown) => {
      const words = error instanceof Error ? error.message : String(error);
      parts.say(`the list of peers could not be kept: ${words}`);
    });
}

async function write(parts: Parts, writes: readonly RouteWrite[]): Promise<void> {
  const results = await parts.stores.write(writes);
  if (results.length > 0) parts.connection.send({ type: "written", results });
}

/** Answers with the present state: probes that end within a moment are waited for, those that hang are not [SAFE-4]. */
async function answer(parts: Parts, frame: Extract<EdgeFrame, { type: "ask" }>): Promise<void> {
  const targets = new Set(frame.targets.map((target) => targetKey(target.monitorId, target.dataCentre)));
  let cancel: Cancel = () => undefined;
  const waited = new Promise<void>((resolve) => {
    cancel = parts.ports.clock.after(FRESH_ANSWER_MS, resolve);
  });
  await Promise.race([parts.probers.probeNow(targets), waited]);
  cancel();
  parts.connection.send({
    type: "answer",
    nonce: frame.nonce,
    illness: doubt(parts),
    stores: parts.stores.health(),
    links: parts.peers.links(),
    observations: parts.probers.observe(targets),
  });
}

async function test(parts: Parts, frame: Extract<EdgeFrame, { type: "test" }>): Promise<void> {
  const observation = await testTarget(frame, parts.ports.unseal);
  parts.connection.send({ type: "tested", nonce: frame.nonce, observation });
}

function renderStatus(parts: Parts): AgentStatus {
  const sights = parts.probers.sights();
  return {
    connected: parts.connection.isHeard(),
    planVersion: parts.plan?.version ?? 0,
    targets: sights.length,
    failingTargets: sights.filter((sight) => sight.failing).length,
    stores: parts.stores.health().map(({ store, reachable }) => ({ store, reachable })),
    links: parts.peers.links(),
    loopLateMs: parts.ports.lag.worstMs(),
  };
}
