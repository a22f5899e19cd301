import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { LAB_HOST } from "../processes/ports.ts";
import type { ManagedProcess } from "../processes/process-spec.ts";
import type { Supervisor } from "../processes/supervisor.ts";
import type { FoundProgram } from "../setup/programs.ts";
import { makePrivateFolder, writePrivateFile } from "./engine-home.ts";
import { useRedis } from "./redis-connection.ts";

/** How long a new cluster may take to agree with itself on a busy machine. */
const AGREE_WITHIN_MS = 60_000;
const AGREE_POLL_MS = 20;
const SLOTS = 16_384;

/** What a server of a family (a master with replicas and sentinels, or a cluster) needs in order to start. */
export interface RedisNodeRequest {
  readonly stateDir: string;
  readonly program: FoundProgram;
  readonly supervisor: Supervisor;
}

/** One server of a family. */
export interface RedisNode {
  readonly name: string;
  readonly port: number;
  /** Of the default user; replicas use it for their master too. */
  readonly password: string;
  /** Lines of its configuration beside the common ones. */
  readonly settings: readonly string[];
  readonly isSentinel?: boolean;
  /** For nodes of a cluster: where they tell each other of themselves. */
  readonly busPort?: number;
}

/** One server of a family that runs. */
export interface StartedRedisNode extends RedisNode {
  readonly address: string;
  readonly process: ManagedProcess;
}

/**
 * Starts one server.
 *
 * @param request where and with what
 * @param node the server
 * @throws Error if it does not start
 */
export async function startRedisNode(
  { stateDir, program, supervisor }: RedisNodeRequest,
  node: RedisNode,
): Promise<StartedRedisNode> {
  const folder = join(stateDir, `redis-${node.name}`);
  const file = join(folder, "redis.conf");
  makePrivateFolder(folder);
  writePrivateFile(file, writeSettings(node, folder));
  const started = await supervisor.spawnProcess({
    name: `redis-${node.name}`,
    role: "database",
    command: program.path,
    args: [file, ...(node.isSentinel === true ? ["--sentinel"] : [])],
    ports: [node.port, ...(node.busPort === undefined ? [] : [node.busPort])].map((port) => ({
      port,
      wantedBy: `Redis ${node.name}`,
    })),
    isReady: async () => await useRedis(node, async (redis) => (await redis.ping()) === "PONG"),
    // A test's server has nothing that is worth an ending in good order.
    endSignal: "SIGKILL",
  });
  if (!started.ok) throw new Error(started.message);
  return { ...node, address: `${LAB_HOST}:${node.port}`, process: started.process };
}

function writeSettings({ port, password, settings, isSentinel, busPort }: RedisNode, folder: string): string {
  const own = [`masterauth ${password}`, 'save ""', "appendonly no", "repl-diskless-sync-delay 0"];
  return [
    `bind ${LAB_HOST}`,
    `port ${port}`,
    `dir "${folder}"`,
    "daemonize no",
    `requirepass ${password}`,
    ...(isSentinel === true ? [] : own),
    ...(busPort === undefined ? [] : ["cluster-enabled yes", `cluster-port ${busPort}`]),
    ...settings,
    "",
  ].join("\n");
}

/**
 * Makes a cluster of started nodes: the first half becomes masters with equal shares of the slots, the second half
 * their replicas, in their order.
 *
 * @param nodes an even number, unless the number of masters is given
 * @param count of the masters; as many replicas follow at most
 * @throws Error if they do not agree in time
 */
export async function formRedisCluster(
  nodes: readonly StartedRedisNode[],
  count = nodes.length / 2,
): Promise<void> {
  const masters = nodes.slice(0, count);
  const [first] = masters;
  if (first === undefined) throw new Error("a cluster has at least two nodes");
  const ids: string[] = [];
  for (const [at, master] of masters.entries()) {
    const from = Math.floor((SLOTS * at) / masters.length);
    const to = Math.floor((SLOTS * (at + 1)) / masters.length) - 1;
    await useRedis(master, async (redis) => {
      await redis.call("CLUSTER", "ADDSLOTSRANGE", from, to);
      await redis.call("CLUSTER", "SET-CONFIG-EPOCH", at + 1);
      ids.push(String(await redis.call("CLUSTER", "MYID")));
    });
  }
  await useRedis(first, async (redis) => {
    for (const { name, port, busPort } of nodes.slice(1)) {
      if (busPort === undefined) throw new Error(`${name} is no node of a cluster`);
      await redis.call("CLUSTER", "MEET", LAB_HOST, port, busPort);
    }
  });
  for (const [at, replica] of nodes.slice(masters.length).entries()) {
    const id = ids[at] ?? "";
    await useRedis(replica, async (redis) => {
      await untilTrue(`${replica.name} knows its master`, async () =>
        String(await redis.call("CLUSTER", "NODES")).includes(id),
      );
      await redis.call("CLUSTER", "REPLICATE", id);
    });
  }
  for (const node of nodes)
    await useRedis(node, async (redis) => {
      await untilTrue(`${node.name} sees the cluster`, async () => {
        const info = String(await redis.call("CLUSTER", "INFO"));
        return info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${nodes.length}`);
      });
    });
}

async function untilTrue(what: string, check: () => Promise<boolean>): Promise<void> {
  const endAtMs = performance.now() + AGREE_WITHIN_MS;
  while (!(await check())) {
    if (performance.now() > endAtMs) throw new Error(`It did not come about that ${what}.`);
    await wait(AGREE_POLL_MS);
  }
}
