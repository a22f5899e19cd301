import type { Cluster, Redis } from "ioredis";
import { answers, becomesReady } from "./check-server.ts";

/** What is checked, and how. */
export interface ClusterCheck {
  readonly cluster: Cluster;
  /** Milliseconds for becoming ready, and again for the answers. */
  readonly timeoutMs: number;
  /** @returns why connecting failed last */
  lastError(): Error | null;
  /** Nothing of the cluster answers: the client is to be made anew. */
  onLost(): void;
}

/**
 * Proves that a cluster is ready: each of its masters is connected to and answers, and each slot that is served has a
 * master that stands. Where that is not so the cluster is asked again which node serves what.
 *
 * @param check the client
 * @throws Error if it is not ready
 */
export async function checkCluster({ cluster, timeoutMs, lastError, onLost }: ClusterCheck): Promise<void> {
  if (cluster.status !== "ready") await becomesReady(cluster, timeoutMs, lastError, onLost);
  const masters = cluster.nodes("master");
  const asked = await Promise.allSettled(masters.map((master) => connectAndAsk(master, timeoutMs)));
  const failed = asked.find((each) => each.status === "rejected");
  const missing = failed === undefined ? findMissing(cluster) : null;
  if (failed === undefined && missing === null) return;
  await new Promise<void>((resolve, reject) => {
    cluster.refreshSlotsCache((error) => {
      if (error === null || error === undefined) return resolve();
      onLost();
      reject(lastError() ?? error);
    });
  });
  throw failed === undefined ? new Error(missing ?? "") : failed.reason;
}

/** ioredis connects to a node when it is first used, which is too late for a side that shall stand ready. */
async function connectAndAsk(master: Redis, timeoutMs: number): Promise<void> {
  if (master.status === "wait") await master.connect();
  await answers(master, timeoutMs);
}

/** @returns what is missing; null: nothing */
function findMissing(cluster: Cluster): string | null {
  const masters = new Set(cluster.slots.map(([master]) => master));
  const known = new Set(cluster.nodes("master").map(({ options: { host, port } }) => `${host}:${port}`));
  if (known.size === 0) return "no master of the cluster is known";
  const gone = [...masters].find((master) => master !== undefined && !known.has(master));
  return gone === undefined ? null : `the master ${gone} is not reached`;
}
