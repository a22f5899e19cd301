import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { DOUBT_MS } from "@evenkeel/core/health/illness";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { type RunningAgent, runAgentKernel, type Say } from "./agent-kernel.ts";
import { SYSTEM_CLOCK } from "./clock.ts";
import { dialWebSocket } from "./edge/dial-web-socket.ts";
import type { AgentIdentity } from "./identity.ts";
import { startLoopLag } from "./loop-lag.ts";
import { keepPlan, loadPlan } from "./plan-file.ts";
import { openPlannedStore } from "./stores/open-planned-store.ts";
import { createUnseal } from "./unseal.ts";

export type { AgentStatus, RunningAgent, Say } from "./agent-kernel.ts";

/**
 * Runs an agent on this machine.
 *
 * @param identity who it is
 * @param stateDir where the last plan is kept, so that it works from it when it starts without the control plane
 * @param say tells the operator
 */
export async function runAgent(identity: AgentIdentity, stateDir: string, say: Say): Promise<RunningAgent> {
  const unseal = await createUnseal(identity);
  return runAgentKernel({
    instanceId: identity.instanceId,
    site: identity.site,
    boot: randomUUID(),
    host: hostname(),
    clock: SYSTEM_CLOCK,
    random: Math.random,
    dial: dialWebSocket(identity.url, identity.agentToken),
    unseal,
    lag: startLoopLag(DOUBT_MS),
    findPlugin: findMonitorPlugin,
    openStore: openPlannedStore,
    loadPlan: () => loadPlan(stateDir, say),
    keepPlan: (plan) => keepPlan(stateDir, plan),
    say,
  });
}
