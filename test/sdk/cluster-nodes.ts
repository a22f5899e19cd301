import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import type { StartedRedisNode } from "@evenkeel/lab/engines/redis-nodes";
import type { RedisFamily } from "./redis-families.ts";

/** @returns what a server says that it is, or why it says nothing */
export async function roleOf(node: StartedRedisNode): Promise<unknown> {
  try {
    const role = await useRedis(node, (client) => client.call("ROLE"));
    return Array.isArray(role) ? role[0] : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** @returns the servers that say that they are masters */
export async function mastersOf(family: RedisFamily): Promise<readonly StartedRedisNode[]> {
  const roles = await Promise.all(family.nodes.map(roleOf));
  return family.nodes.filter((_, at) => roles[at] === "master");
}

/** @returns one of them */
export async function firstMasterOf(family: RedisFamily): Promise<StartedRedisNode> {
  const [first] = await mastersOf(family);
  if (first === undefined) throw new Error("no node is a master");
  return first;
}

/** Moves a slot with its key to another node, in the steps in which tools do it; clients are sent to and fro meanwhile. */
export async function moveSlot({ nodes }: RedisFamily, slot: number, key: string): Promise<void> {
  const ids = await Promise.all(
    nodes.map((node) => useRedis(node, async (client) => String(await client.cluster("MYID")))),
  );
  const [first] = nodes;
  if (first === undefined) throw new Error("there is no node");
  const ranges = await useRedis(first, (client) => client.cluster("SLOTS"));
  const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2]?.[1];
  const from = nodes.findIndex((node) => node.port === port);
  const to = (from + 1) % nodes.length;
  const [source, target] = [nodes[from], nodes[to]];
  if (source === undefined || target === undefined) throw new Error(`nobody serves ${slot}`);
  const setSlot = (node: StartedRedisNode, ...words: string[]) =>
    useRedis(node, (client) => client.call("CLUSTER", "SETSLOT", slot, ...words));
  await setSlot(target, "IMPORTING", ids[from] ?? "");
  await setSlot(source, "MIGRATING", ids[to] ?? "");
  await useRedis(source, (client) =>
    client.call("MIGRATE", "127.0.0.1", target.port, key, 0, 5000, "AUTH", target.password),
  );
  for (const node of [target, source, ...nodes]) await setSlot(node, "NODE", ids[to] ?? "");
}
