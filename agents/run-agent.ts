import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type EdgeFrame, PROTOCOL_VERSION, type RouteWrite } from "@evenkeel/contracts/agent-protocol";
import { Plan } from "@evenkeel/contracts/plan";
import { computeIllness, DOUBT_MS } from "@evenkeel/core/health/illness";
import { EdgeConnection } from "./edge/edge-connection.ts";
import { createReporter } from "./edge/reporter.ts";
import { type AgentIdentity, writePrivateFile } from "./identity.ts";
import { startLoopLag } from "./loop-lag.ts";
import { createProberSet, targetKey } from "./probing/prober-set.ts";
import { testTarget } from "./probing/test-target.ts";
import { createStoreSet } from "./stores/store-set.ts";
import { createUnseal } from "./unseal.ts";
import { VERSION } from "./version.ts";

/** How long the answer to a question waits for fresh probes, in milliseconds. */
const FRESH_ANSWER_MS = 50;
const PLAN_FILE = "plan.json";

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

/**
 * Runs an agent: it probes the plan's targets, reports changes, answers questions and writes routes. It never decides.
 *
 * @param identity who it is
 * @param stateDir where the last plan is kept, so that it works from it when it starts without the control plane
 * @param say tells the operator
 */
export async function runAgent(identity: AgentIdentity, stateDir: string, say: Say): Promise<RunningAgent> {
  const boot = randomUUID();
  const unseal = await createUnseal(identity);
  const lag = startLoopLag(DOUBT_MS);
  let plan: Plan | null = null;
  /** Plans are taken one after the other, in the order in which they came. */
  let taking: Promise<void> = Promise.resolve();

  const reporter = createReporter({
    boot,
    gather: (targets) => ({
      illness: illness(),
      stores: stores.health(),
      observations: probers.observe(targets),
    }),
    send: (frame) => connection.send(frame),
  });
  const probers = createProberSet(unseal, (target) => reporter.note(target));
  const stores = createStoreSet({
    instanceId: identity.instanceId,
    site: identity.site,
    unseal,
    confirmedBy: () => (connection.isHeard() ? "edge" : "none"),
    onChange: () => reporter.note(null),
  });
  const connection = new EdgeConnection(identity.url, identity.agentToken, {
    onOpen: () => {
      const planVersion = plan?.version ?? 0;
      connection.send({
        type: "hello",
        protocol: PROTOCOL_VERSION,
        boot,
        version: VERSION,
        planVersion,
        host: hostname(),
      });
    },
    onFrame: (frame) => handle(frame),
    onClosed: (words) => {
      reporter.pause();
      say(`not connected to the control plane: ${words}`);
    },
  });

  function illness() {
    return computeIllness(lag.worstMs(), probers.sights());
  }

  async function takePlan(next: Plan): Promise<void> {
    if (plan !== null && next.version < plan.version) return;
    plan = next;
    await stores.follow(next);
    await probers.follow(next);
    await writePrivateFile(stateDir, PLAN_FILE, next);
  }

  function queuePlan(next: Plan, then: () => void): void {
    taking = taking
      .then(() => takePlan(next))
      .then(then, (error: unknown) => {
        say(
          `plan ${next.version} could not be taken: ${error instanceof Error ? error.message : String(error)}`,
        );
      });
  }

  async function write(writes: readonly RouteWrite[]): Promise<void> {
    const results = await stores.write(writes);
    if (results.length > 0) connection.send({ type: "written", results });
  }

  async function answer(frame: Extract<EdgeFrame, { type: "ask" }>): Promise<void> {
    const targets = new Set(frame.targets.map((target) => targetKey(target.monitorId, target.dataCentre)));
    await Promise.race([probers.probeNow(targets), delay(FRESH_ANSWER_MS)]);
    const observations = probers.observe(targets);
    connection.send({
      type: "answer",
      nonce: frame.nonce,
      illness: illness(),
      stores: stores.health(),
      observations,
    });
  }

  function handle(frame: EdgeFrame): void {
    switch (frame.type) {
      case "welcome":
        connection.settle();
        say(`connected to the control plane as ${frame.agentId}, plan ${frame.plan.version}`);
        queuePlan(frame.plan, () => {
          reporter.startAnew();
          void write(frame.routes);
        });
        return;
      case "plan":
        queuePlan(frame.plan, () => reporter.note(null));
        return;
      case "ack":
        reporter.acknowledge(frame.boot, frame.seq);
        return;
      case "ask":
        void answer(frame);
        return;
      case "write-routes":
        void write(frame.writes);
        return;
      case "test":
        void testTarget(frame, unseal).then((observation) =>
          connection.send({ type: "tested", nonce: frame.nonce, observation }),
        );
        return;
    }
  }

  const kept = await loadPlan(stateDir, say);
  if (kept !== null)
    queuePlan(kept, () => say(`working from the kept plan ${kept.version} until the control plane answers`));
  connection.open();

  return {
    status: () => {
      const sights = probers.sights();
      return {
        connected: connection.isHeard(),
        planVersion: plan?.version ?? 0,
        targets: sights.length,
        failingTargets: sights.filter((sight) => sight.failing).length,
        stores: stores.health().map(({ store, reachable }) => ({ store, reachable })),
        loopLateMs: lag.worstMs(),
      };
    },
    stop: () => {
      reporter.stop();
      connection.close();
      probers.stop();
      stores.close();
      lag.stop();
    },
  };
}

async function loadPlan(stateDir: string, say: Say): Promise<Plan | null> {
  try {
    return Plan.parse(JSON.parse(await readFile(join(stateDir, PLAN_FILE), "utf8")));
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!missing)
      say(
        `the kept plan cannot be read and is left aside: ${error instanceof Error ? error.name : "unknown error"}`,
      );
    return null;
  }
}
