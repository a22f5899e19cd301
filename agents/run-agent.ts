import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import {
  type EdgeFrame,
  type Illness,
  PROTOCOL_VERSION,
  type RouteWrite,
} from "@evenkeel/contracts/agent-protocol";
import type { Plan } from "@evenkeel/contracts/plan";
import { computeIllness, DOUBT_MS } from "@evenkeel/core/health/illness";
import { EdgeConnection } from "./edge/edge-connection.ts";
import { createReporter, type Reporter } from "./edge/reporter.ts";
import type { AgentIdentity } from "./identity.ts";
import { type LoopLag, startLoopLag } from "./loop-lag.ts";
import { keepPlan, loadPlan } from "./plan-file.ts";
import { createProberSet, type ProberSet, targetKey } from "./probing/prober-set.ts";
import { testTarget } from "./probing/test-target.ts";
import { createStoreSet, type StoreSet } from "./stores/store-set.ts";
import { createUnseal, type Unseal } from "./unseal.ts";
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
  readonly loopLateMs: number;
}

/** The parts of an agent. They know each other through this object only. */
interface Parts {
  readonly boot: string;
  readonly stateDir: string;
  readonly say: Say;
  readonly unseal: Unseal;
  readonly lag: LoopLag;
  readonly reporter: Reporter;
  readonly probers: ProberSet;
  readonly stores: StoreSet;
  readonly connection: EdgeConnection;
  plan: Plan | null;
  /** Plans are taken one after the other, in the order in which they came. */
  taking: Promise<void>;
}

/**
 * Runs an agent: it probes the plan's targets, reports changes, answers questions and writes routes. It never decides.
 *
 * @param identity who it is
 * @param stateDir where the last plan is kept, so that it works from it when it starts without the control plane
 * @param say tells the operator
 */
export async function runAgent(identity: AgentIdentity, stateDir: string, say: Say): Promise<RunningAgent> {
  const parts = await assemble(identity, stateDir, say);
  const kept = await loadPlan(stateDir, say);
  if (kept !== null) {
    queuePlan(parts, kept, () =>
      say(`working from the kept plan ${kept.version} until the control plane answers`),
    );
  }
  parts.connection.open();
  return {
    status: () => renderStatus(parts),
    stop: () => {
      parts.reporter.stop();
      parts.connection.close();
      parts.probers.stop();
      parts.stores.close();
      parts.lag.stop();
    },
  };
}

async function assemble(identity: AgentIdentity, stateDir: string, say: Say): Promise<Parts> {
  const boot = randomUUID();
  const unseal = await createUnseal(identity);
  const reporter = createReporter({
    boot,
    gather: (targets) => ({
      illness: doubt(parts),
      stores: parts.stores.health(),
      links: [],
      observations: parts.probers.observe(targets),
    }),
    send: (frame) => parts.connection.send(frame),
  });
  const stores = createStoreSet({
    instanceId: identity.instanceId,
    site: identity.site,
    unseal,
    confirmedBy: () => (parts.connection.isHeard() ? "edge" : "none"),
    onChange: () => reporter.note(null),
  });
  const connection = new EdgeConnection(identity.url, identity.agentToken, {
    onOpen: () => sayHello(parts),
    onFrame: (frame) => handleFrame(parts, frame),
    onClosed: (words) => {
      reporter.pause();
      say(`not connected to the control plane: ${words}`);
    },
  });
  const probers = createProberSet(unseal, (target) => reporter.note(target));
  const lag = startLoopLag(DOUBT_MS);
  const parts: Parts = {
    ...{ boot, stateDir, say, unseal, lag, reporter, probers, stores, connection },
    plan: null,
    taking: Promise.resolve(),
  };
  return parts;
}

function doubt(parts: Parts): Illness {
  return computeIllness(parts.lag.worstMs(), parts.probers.sights());
}

function sayHello(parts: Parts): void {
  const planVersion = parts.plan?.version ?? 0;
  const { boot } = parts;
  parts.connection.send({
    type: "hello",
    protocol: PROTOCOL_VERSION,
    boot,
    version: VERSION,
    planVersion,
    host: hostname(),
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
  await keepPlan(parts.stateDir, next);
}

async function write(parts: Parts, writes: readonly RouteWrite[]): Promise<void> {
  const results = await parts.stores.write(writes);
  if (results.length > 0) parts.connection.send({ type: "written", results });
}

/** Answers with the present state: probes that end within a moment are waited for, those that hang are not [SAFE-4]. */
async function answer(parts: Parts, frame: Extract<EdgeFrame, { type: "ask" }>): Promise<void> {
  const targets = new Set(frame.targets.map((target) => targetKey(target.monitorId, target.dataCentre)));
  const enough = new AbortController();
  const waited = delay(FRESH_ANSWER_MS, undefined, { signal: enough.signal }).catch((error: unknown) => {
    if (!enough.signal.aborted) throw error;
  });
  await Promise.race([parts.probers.probeNow(targets), waited]);
  enough.abort();
  parts.connection.send({
    type: "answer",
    nonce: frame.nonce,
    illness: doubt(parts),
    stores: parts.stores.health(),
    links: [],
    observations: parts.probers.observe(targets),
  });
}

async function test(parts: Parts, frame: Extract<EdgeFrame, { type: "test" }>): Promise<void> {
  const observation = await testTarget(frame, parts.unseal);
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
    loopLateMs: parts.lag.worstMs(),
  };
}
