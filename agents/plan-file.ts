import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PeersFrame } from "@evenkeel/contracts/agent-protocol";
import { Plan } from "@evenkeel/contracts/plan";
import type { z } from "zod";
import { writePrivateFile } from "./identity.ts";
import type { Peer } from "./peers/peer-net.ts";

/** Where the last plan is kept in the state directory. */
export const PLAN_FILE = "plan.json";
const PEERS_FILE = "peers.json";

/**
 * Keeps a plan, so that the agent works from it when it starts without the control plane. Its secrets stay sealed.
 *
 * @param stateDir the agent's directory
 * @param plan the plan
 */
export async function keepPlan(stateDir: string, plan: Plan): Promise<void> {
  await writePrivateFile(stateDir, PLAN_FILE, plan);
}

/**
 * Reads the kept plan.
 *
 * @param stateDir the agent's directory
 * @param say is told when there is one that cannot be read
 * @returns the plan; null if there is none
 */
export async function loadPlan(stateDir: string, say: (line: string) => void): Promise<Plan | null> {
  return load(join(stateDir, PLAN_FILE), Plan, (words) => say(`the kept plan ${words}`));
}

/**
 * Keeps the peers beside the plan: what an agent sees of them must not depend on the control plane either.
 *
 * @param stateDir the agent's directory
 * @param peers the agents of other sites
 */
export async function keepPeers(stateDir: string, peers: readonly Peer[]): Promise<void> {
  await writePrivateFile(stateDir, PEERS_FILE, peers);
}

/**
 * Reads the kept peers.
 *
 * @param stateDir the agent's directory
 * @param say is told when there are some that cannot be read
 * @returns the peers; none if none were kept
 */
export async function loadPeers(stateDir: string, say: (line: string) => void): Promise<readonly Peer[]> {
  const file = join(stateDir, PEERS_FILE);
  return (await load(file, PeersFrame.shape.peers, (words) => say(`the kept list of peers ${words}`))) ?? [];
}

async function load<Kept>(
  path: string,
  schema: z.ZodType<Kept>,
  say: (words: string) => void,
): Promise<Kept | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!missing) {
      const kind = error instanceof Error ? error.name : "unknown error";
      say(`cannot be read and is left aside (${kind})`);
    }
    return null;
  }
}
