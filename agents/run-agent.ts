import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { DOUBT_MS } from "@evenkeel/core/health/illness";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { type ApplicationsPort, type RunningAgent, runAgentKernel, type Say } from "./agent-kernel.ts";
import { listenForApplications } from "./applications/listen.ts";
import { SYSTEM_CLOCK } from "./clock.ts";
import { dialWebSocket } from "./edge/dial-web-socket.ts";
import type { AgentIdentity } from "./identity.ts";
import type { ListenPlace } from "./listen-place.ts";
import { startLoopLag } from "./loop-lag.ts";
import type { PeerPorts } from "./peers/peer-net.ts";
import { openSocketNet } from "./peers/socket-net.ts";
import { keepPeers, keepPlan, loadPeers, loadPlan } from "./plan-file.ts";
import { openPlannedStore } from "./stores/open-planned-store.ts";
import { createUnseal } from "./unseal.ts";

export type { AgentStatus, RunningAgent, Say } from "./agent-kernel.ts";

/** How an agent runs on this machine. */
export interface AgentOptions {
  /** Where the last plan is kept, so that it works from it when it starts without the control plane. */
  readonly stateDir: string;
  /** Where it listens for the agents of other sites; null: nowhere, so that it has no links. */
  readonly peerPlace: ListenPlace | null;
  /** Where it tells applications their routes while their store cannot; null: nowhere. */
  readonly routesPlace: ListenPlace | null;
  /** Tells the operator. */
  readonly say: Say;
}

/**
 * Runs an agent on this machine.
 *
 * @param identity who it is
 * @param options how
 */
export async function runAgent(identity: AgentIdentity, options: AgentOptions): Promise<RunningAgent> {
  const { stateDir, say } = options;
  const unseal = await createUnseal(identity);
  const peers = await openPeers(identity, options);
  const applications = await openApplications(identity, options);
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
    heart: { source: identity.agentId, firstSeq: Date.now },
    openStore: openPlannedStore,
    loadPlan: () => loadPlan(stateDir, say),
    keepPlan: (plan) => keepPlan(stateDir, plan),
    ...(peers === null ? {} : { peers }),
    ...(applications === null ? {} : { applications }),
    tellsProcesses: true,
    say,
  });
}

async function openPeers(
  { agentId, privateKey }: AgentIdentity,
  { stateDir, peerPlace, say }: AgentOptions,
): Promise<PeerPorts | null> {
  if (peerPlace === null) return null;
  return {
    net: await openSocketNet({ agentId, privateKey, place: peerPlace, clock: SYSTEM_CLOCK, say }),
    load: () => loadPeers(stateDir, say),
    keep: (peers) => keepPeers(stateDir, peers),
  };
}

/** The port is opened at once, so that an address that cannot be had is told before anything else begins. */
async function openApplications(
  { instanceId, privateKey }: AgentIdentity,
  { routesPlace, say }: AgentOptions,
): Promise<ApplicationsPort | null> {
  if (routesPlace === null) return null;
  let tell: Parameters<ApplicationsPort["open"]>[0] = () => null;
  const ports = { instanceId, privateKey, clock: SYSTEM_CLOCK, tell: (id: string) => tell(id) };
  const listener = await listenForApplications(routesPlace.listen, ports, say);
  return {
    address: routesPlace.address,
    open(next) {
      tell = next;
      return () => listener.close();
    },
  };
}
