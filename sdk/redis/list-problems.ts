import { type SdkConfig, writesDoubly } from "@evenkeel/contracts/sdk-config";
import type { RedisDriverOptions } from "./redis-side.ts";

/**
 * Lists what of a configuration cannot be served where a data centre is a cluster.
 *
 * @param config the configuration
 * @param driver settings of the application for ioredis
 * @returns the problems, each by its path
 */
export function listRedisProblems({ sources, router }: SdkConfig, driver: RedisDriverOptions): string[] {
  return Object.entries(sources).flatMap(([name, { mode, replicas }]) => {
    if (mode !== "cluster") return [];
    const path = `sources.${name}`;
    const problems: string[] = [];
    if (writesDoubly(router.algorithm))
      problems.push(
        `${path}.mode: writes cannot be copied from or to a cluster (router.algorithm is ${router.algorithm}): a node that hung may answer after its successor, so that the order of a key is not certain, and what belongs together may belong to several nodes`,
      );
    if (replicas !== undefined)
      problems.push(`${path}.replicas: a cluster's replicas are not read from; leave them out`);
    if (driver.db !== undefined && driver.db !== 0)
      problems.push(`${path}.mode: a cluster has the database 0 only, and driver.db is ${driver.db}`);
    return problems;
  });
}
