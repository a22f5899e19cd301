import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import { type StartedRedisNode, startRedisNode } from "@evenkeel/lab/engines/redis-nodes";
import { Redis } from "ioredis";
import { expect } from "vitest";
import { eventually } from "../eventually.ts";
import {
  addressesOf,
  CALM_MS,
  DURABLE,
  type FamilyRequest,
  HASTY_MS,
  PASSWORD,
  processOf,
  type RedisFamily,
  SLOW,
  TLS_DISTANCE,
  useClient,
} from "./redis-families.ts";

/** Of the sentinels. */
export const SENTINEL_PASSWORD = "another-password-for-tests";
/** The name under which they know the master. */
export const MASTER = "shop";
const SENTINELS = 3;
/** The rights that the page of the SDK names. */
const RIGHTS =
  "-@all +subscribe +sentinel|get-master-addr-by-name +sentinel|master resetchannels &+switch-master";

/** Starts a master with a replica, and three sentinels that watch it. */
export async function startSentinels(family: FamilyRequest): Promise<RedisFamily> {
  const { name, port, tls } = family;
  const [first, second] = [
    await startDataNode(family, { name: `${name}-a`, port }, []),
    await startDataNode(family, { name: `${name}-b`, port: port + 1 }, [
      `replicaof 127.0.0.1 ${masterPortOf(family)}`,
    ]),
  ];
  const nodes = [first, second];
  // Sentinels ask a replica every ten seconds, and promote none that did not follow its master when they asked.
  await eventually(() => follows(second), SLOW);
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, (_, at) => startSentinel(family, at)),
  );
  const addresses = addressesOf(sentinels, tls !== undefined);
  const login = { password: PASSWORD, sentinelPassword: SENTINEL_PASSWORD };
  const isWell = async (): Promise<void> => {
    for (const sentinel of sentinels) await eventually(() => seesAll(sentinel, nodes), SLOW);
  };
  await isWell();
  return {
    source: { mode: "sentinel", masterName: MASTER, addresses, sentinelUsername: "shop", ...login },
    // Servers serve as soon as they are back; that sentinels trust them again is for those to wait who need a failover.
    ...{ nodes, isWell, process: processOf([...nodes, ...sentinels], async () => undefined) },
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

const masterPortOf = ({ port, tls }: FamilyRequest): number =>
  tls === undefined ? port : port + TLS_DISTANCE;

/** With TLS it is how they talk with each other, too. */
function linesOf({ tls }: FamilyRequest, port: number): readonly string[] {
  return tls === undefined ? [] : [...tls(port + TLS_DISTANCE), "tls-replication yes"];
}

async function startDataNode(
  family: FamilyRequest,
  node: { readonly name: string; readonly port: number },
  more: readonly string[],
): Promise<StartedRedisNode> {
  const settings = [...DURABLE, ...linesOf(family, node.port), ...more];
  return await startRedisNode(family.request, { ...node, password: PASSWORD, settings });
}

/** Who does not know the replica and the other sentinels could not fail over. */
async function seesAll(sentinel: StartedRedisNode, nodes: readonly StartedRedisNode[]): Promise<void> {
  const master = await useRedis(sentinel, (client) => client.call("SENTINEL", "MASTER", MASTER));
  const words = master as string[];
  const fields = Object.fromEntries(
    words.flatMap((_, at) => (at % 2 === 1 ? [] : [words.slice(at, at + 2)])),
  );
  expect(fields).toMatchObject({ "num-slaves": "1", "num-other-sentinels": "2", flags: "master" });
  const replica = nodes.find(({ port }) => ![port, port + TLS_DISTANCE].includes(Number(fields.port)));
  if (replica === undefined) throw new Error("a sentinel names a master of another family");
  await follows(replica);
}

/** A server that becomes a replica ends its connections: each look is over one of its own. */
async function follows(replica: StartedRedisNode): Promise<void> {
  expect(await useRedis(replica, (client) => client.info())).toContain("master_link_status:up");
}

async function startSentinel(family: FamilyRequest, at: number): Promise<StartedRedisNode> {
  const { name, port, request } = family;
  return await startRedisNode(request, {
    name: `${name}-sentinel-${at}`,
    port: port + 2 + at,
    password: SENTINEL_PASSWORD,
    isSentinel: true,
    settings: [
      ...linesOf(family, port + 2 + at),
      `user shop on >${SENTINEL_PASSWORD} ${RIGHTS}`,
      `sentinel monitor ${MASTER} 127.0.0.1 ${masterPortOf(family)} 2`,
      `sentinel auth-pass ${MASTER} ${PASSWORD}`,
      `sentinel down-after-milliseconds ${MASTER} ${CALM_MS}`,
      `sentinel failover-timeout ${MASTER} 3000`,
      `sentinel sentinel-pass ${SENTINEL_PASSWORD}`,
    ],
  });
}
