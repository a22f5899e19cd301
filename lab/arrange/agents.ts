import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { AGENT_NODE_FLAGS } from "@evenkeel/agent/node-flags";
import { LAB_HOST, type LabPorts } from "../processes/ports.ts";
import type { ManagedProcess } from "../processes/process-spec.ts";
import type { Supervisor } from "../processes/supervisor.ts";
import type { ApiClient } from "./api-client.ts";
import { type Arrangement, createEnrolmentToken, LAB_SITES, type LabSite, listAgents } from "./arrange.ts";

const AGENT = new URL("../../agents/start.mjs", import.meta.url).pathname;
const ENROL_WITHIN_MS = 20_000;

/** One agent of the lab. */
export interface AgentHandle {
  readonly site: LabSite;
  readonly process: ManagedProcess;
  /** Where `/healthz` and `/metrics` are. */
  readonly statusUrl: string;
}

/** What starting the agents takes. */
export interface AgentsRequest {
  readonly api: ApiClient;
  readonly arrangement: Arrangement;
  readonly supervisor: Supervisor;
  readonly ports: LabPorts;
  readonly stateDir: string;
  readonly url: string;
}

/**
 * Enrols one agent per site through the API, as anybody would, and starts it.
 *
 * @param request the lab so far
 */
export async function startAgents(request: AgentsRequest): Promise<AgentHandle[]> {
  const known = new Set(
    (await listAgents(request.api, request.arrangement.instanceId)).map((agent) => agent.name),
  );
  return Promise.all(LAB_SITES.map((site) => startAgent(request, site.name, known)));
}

async function startAgent(
  request: AgentsRequest,
  site: LabSite,
  known: ReadonlySet<string>,
): Promise<AgentHandle> {
  const { supervisor, ports, stateDir } = request;
  const state = join(stateDir, `agent-${site}`);
  const name = `agent-${site}`;
  if (!known.has(name) || !existsSync(join(state, "identity.json"))) await enrolAgent(request, site, state);
  const port = ports[`agent-health-${site}`];
  const peers = ports[`agent-peers-${site}`];
  const routes = ports[`agent-routes-${site}`];
  const started = await supervisor.spawnProcess({
    name,
    role: "agent",
    site,
    command: process.execPath,
    args: [
      ...AGENT_NODE_FLAGS,
      ...[AGENT, "run", "--state", state, "--status-port", String(port)],
      ...["--peer-listen", `${LAB_HOST}:${peers}`, "--routes-listen", `${LAB_HOST}:${routes}`],
    ],
    ports: [
      { port, wantedBy: `the status of the agent in ${site}` },
      { port: peers, wantedBy: `the other agents' links to the agent in ${site}` },
      { port: routes, wantedBy: `the applications that ask the agent in ${site} for routes` },
    ],
    isReady: async () => (await fetch(`http://${LAB_HOST}:${port}/metrics`)).ok,
  });
  if (!started.ok) throw new Error(started.message);
  return { site, process: started.process, statusUrl: `http://${LAB_HOST}:${port}` };
}

async function enrolAgent(request: AgentsRequest, site: LabSite, state: string): Promise<void> {
  const { api, arrangement, url } = request;
  const token = await createEnrolmentToken(api, arrangement.instanceId, arrangement.sites[site] ?? site);
  const args = [AGENT, "enrol", "--url", url, "--name", `agent-${site}`, "--state", state];
  await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, EVENKEEL_ENROLMENT_TOKEN: token },
    timeout: ENROL_WITHIN_MS,
  });
}
