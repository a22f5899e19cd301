import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import {
  formRedisCluster,
  type RedisNodeRequest,
  type StartedRedisNode,
  startRedisNode,
} from "@evenkeel/lab/engines/redis-nodes";
import type { ManagedProcess } from "@evenkeel/lab/processes/process-spec";
import { Cluster, Redis } from "ioredis";
import { expect } from "vitest";
import { eventually } from "../eventually.ts";

/** Of the servers. */
export const PASSWORD = "a-password-for-tests";
/** How long a server is silent before its own kind takes it for dead, unless a test means it to: longer than any test. */
export const CALM_MS = 180_000;
/** The same where a test waits for it. */
export const HASTY_MS = 1000;
/** Ports between a node's own and that of its bus. */
const BUS_DISTANCE = 20;
/** What was answered stands on the disk: a server that is killed loses none of it. */
export const DURABLE = ["appendonly yes", "appendfsync always"];
/** What comes in the end on the busiest machine. */
export const SLOW = { timeout: 60_000, interval: 50 };

type Source = SdkConfigInput["sources"][string];

/** The Redis of one data centre, however it is organised. */
export interface RedisFamily {
  /** As a configuration names it. */
  readonly source: Source;
  /** The servers that hold data. */
  readonly nodes: readonly StartedRedisNode[];
  /** All of its processes as one. */
  readonly process: Pick<ManagedProcess, "stop" | "cont" | "kill" | "revive">;
  /** Asks it past the SDK, with a client of its own that follows failovers. */
  use<Result>(ask: (client: Redis | Cluster) => Promise<Result>): Promise<Result>;
  /** Lets it find a dead server soon, or as good as never. */
  setHaste(isHasty: boolean): Promise<void>;
  /** Waits until all servers do what they should, each with its replicas. */
  isWell(): Promise<void>;
}

/** How a family is called, its first port, and where it runs. */
export interface FamilyRequest {
  readonly name: string;
  readonly port: number;
  readonly request: RedisNodeRequest;
  /** Lines by which servers, nodes and sentinels listen with TLS too; configurations name those ports then. */
  readonly tls?: (port: number) => readonly string[];
}

/** Ports between a server's plain one and the one with TLS. */
export const TLS_DISTANCE = 10;

/** @returns processes as one */
export function processOf(
  nodes: readonly StartedRedisNode[],
  isWell: () => Promise<void>,
): RedisFamily["process"] {
  return {
    stop: () => nodes.forEach(({ process }) => void process.stop()),
    cont: () => nodes.forEach(({ process }) => void process.cont()),
    kill: async () => void (await Promise.all(nodes.map(({ process }) => process.kill()))),
    async revive() {
      const results = await Promise.all(nodes.map(({ process }) => process.revive()));
      await isWell();
      return results.find(({ ok }) => !ok) ?? { ok: true };
    },
  };
}

/** Asks a client and ends it. */
export async function useClient<Client extends Redis | Cluster, Result>(
  client: Client,
  ask: (client: Client) => Promise<Result>,
): Promise<Result> {
  let cause: unknown = null;
  // ioredis tells of failed attempts here, and prints them if nobody listens.
  client.on("error", (error: Error) => {
    cause = error;
  });
  try {
    return await ask(client);
  } catch (error) {
    throw cause ?? error;
  } finally {
    client.disconnect();
  }
}

/** @returns where clients of the SDK are to connect to */
export function addressesOf(nodes: readonly StartedRedisNode[], hasTls: boolean): string[] {
  return nodes.map(({ port }) => `127.0.0.1:${port + (hasTls ? TLS_DISTANCE : 0)}`);
}

/** Starts one server. */
export async function startServer({ name, port, request }: FamilyRequest): Promise<RedisFamily> {
  const node = await startRedisNode(request, { name, port, password: PASSWORD, settings: DURABLE });
  return {
    source: { host: "127.0.0.1", port, password: PASSWORD },
    nodes: [node],
    process: node.process,
    use: (ask) => useClient(new Redis({ port, password: PASSWORD }), ask),
    setHaste: async () => undefined,
    isWell: async () => undefined,
  };
}

/**
 * Starts a cluster.
 *
 * @param count of its nodes; of six three are masters, of fewer all
 */
export async function startCluster(
  { name, port, request, tls }: FamilyRequest,
  count: 3 | 6,
): Promise<RedisFamily> {
  const calm = [
    ...DURABLE,
    `cluster-node-timeout ${CALM_MS}`,
    ...(tls === undefined ? [] : ["tls-cluster yes"]),
  ];
  const nodes = await Promise.all(
    Array.from({ length: count }, (_, at) =>
      startRedisNode(request, {
        ...{ name: `${name}-${at}`, password: PASSWORD },
        settings: [...calm, ...(tls?.(port + at + TLS_DISTANCE) ?? [])],
        ...{ port: port + at, busPort: port + at + BUS_DISTANCE },
      }),
    ),
  );
  await formRedisCluster(nodes, 3);
  const isWell = async (): Promise<void> => {
    for (const node of nodes)
      await eventually(async () => {
        const told = await useRedis(node, async (client) => [
          await client.cluster("INFO"),
          await client.info(),
        ]);
        expect(told[0]).toContain("cluster_state:ok");
        expect(told[1]).not.toContain("master_link_status:down");
      }, SLOW);
  };
  await isWell();
  const login = { password: PASSWORD };
  return {
    source: { mode: "cluster", addresses: addressesOf(nodes, tls !== undefined), ...login },
    ...{ nodes, isWell, process: processOf(nodes, isWell) },
    use: (ask) =>
      useClient(
        new Cluster(
          nodes.map((node) => node.port),
          { redisOptions: login },
        ),
        ask,
      ),
    async setHaste(isHasty) {
      for (const node of nodes)
        await useRedis(node, (client) =>
          client.config("SET", "cluster-node-timeout", isHasty ? HASTY_MS : CALM_MS),
        );
    },
  };
}
