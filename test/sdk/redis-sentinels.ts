import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import { type StartedRedisNode, startRedisNode } from "@evenkeel/lab/engines/redis-nodes";
import { Redis } from "ioredis";
import { expect } from "vitest";
import { eventually } from "../eventually.ts";
import {
  CALM_MS,
  DURABLE,
  type FamilyRequest,
  HASTY_MS,
  PASSWORD,
  processOf,
  type RedisFamily,
  SLOW,
  useClient,
} from "./redis-families.ts";

/** Of the sentinels. */
export const SENTINEL_PASSWORD = "another-password-for-tests";
/** The name under which they know the master. */
export const MASTER = "shop";
const SENTINELS = 3;

/** Starts a master with a replica, and three sentinels that watch it. */
export async function startSentinels({ name, port, request }: FamilyRequest): Promise<RedisFamily> {
  const server = { password: PASSWORD, settings: DURABLE };
  const first = await startRedisNode(request, { ...server, name: `${name}-a`, port });
  const settings = [...DURABLE, `replicaof 127.0.0.1 ${port}`];
  const second = await startRedisNode(request, { ...server, name: `${name}-b`, port: port + 1, settings });
  const nodes = [first, second];
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, (_, at) => startSentinel({ name, port, request }, at)),
  );
  const addresses = sentinels.map(({ address }) => address);
  const login = { password: PASSWORD, sentinelPassword: SENTINEL_PASSWORD };
  const isWell = async (): Promise<void> => {
    for (const sentinel of sentinels) await eventually(() => seesAll(sentinel, nodes), SLOW);
  };
  await isWell();
  return {
    source: { mode: "sentinel", masterName: MASTER, addresses, ...login },
    ...{ nodes, isWell, process: processOf([...nodes, ...sentinels], isWell) },
    use(ask) {
      const known = sentinels.map((sentinel) => ({ host: "127.0.0.1", port: sentinel.port }));
      return useClient(new Redis({ sentinels: known, name: MASTER, ...login }), ask);
    },
    async setHaste(isHasty) {
      const patienceMs = isHasty ? HASTY_MS : CALM_MS;
      for (const sentinel of sentinels)
        await useRedis(sentinel, (client) =>
          client.call("SENTINEL", "SET", MASTER, "down-after-milliseconds", patienceMs),
        );
    },
  };
}

/** Who does not know the replica and the other sentinels could not fail over. */
async function seesAll(sentinel: StartedRedisNode, nodes: readonly StartedRedisNode[]): Promise<void> {
  const master = await useRedis(sentinel, (client) => client.call("SENTINEL", "MASTER", MASTER));
  const words = master as string[];
  const fields = Object.fromEntries(
    words.flatMap((_, at) => (at % 2 === 1 ? [] : [words.slice(at, at + 2)])),
  );
  expect(fields).toMatchObject({ "num-slaves": "1", "num-other-sentinels": "2", flags: "master" });
  const replica = nodes.find(({ port }) => String(port) !== fields.port);
  if (replica === undefined) throw new Error("a sentinel names a master of another family");
  // A server that becomes a replica ends its connections.
  expect(await useRedis(replica, (client) => client.info())).toContain("master_link_status:up");
}

async function startSentinel({ name, port, request }: FamilyRequest, at: number): Promise<StartedRedisNode> {
  return await startRedisNode(request, {
    name: `${name}-sentinel-${at}`,
    port: port + 2 + at,
    password: SENTINEL_PASSWORD,
    isSentinel: true,
    settings: [
      `sentinel monitor ${MASTER} 127.0.0.1 ${port} 2`,
      `sentinel auth-pass ${MASTER} ${PASSWORD}`,
      `sentinel down-after-milliseconds ${MASTER} ${CALM_MS}`,
      `sentinel failover-timeout ${MASTER} 3000`,
      `sentinel sentinel-pass ${SENTINEL_PASSWORD}`,
    ],
  });
}
