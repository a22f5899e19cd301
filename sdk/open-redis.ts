import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { CopyStatus } from "./double-write/copy-status.ts";
import { listRedisProblems } from "./redis/list-problems.ts";
import { type Copies, openCopies } from "./redis/open-copies.ts";
import { createRedisSide, type RedisDriverOptions } from "./redis/redis-side.ts";
import { createResender } from "./redis/resend-refused.ts";
import { createRoutedRedis, isAway, type RoutedRedis } from "./redis/routed-redis.ts";
import { openSource, type RoutedSource } from "./switching/open-source.ts";
import type { SourceOptions } from "./switching/source-options.ts";

/** Options of a Redis data source. */
export interface RedisSourceOptions extends SourceOptions {
  /** Settings for ioredis, such as `db`, `tls`, `keyPrefix`; the same in every data centre. */
  readonly driver?: RedisDriverOptions;
}

/** The copies of a source that writes doubly. */
export interface SourceCopies {
  /** @returns how the copies stand, for each data centre */
  status(): readonly CopyStatus[];
  /** Says that a data centre's data was brought up to date, so that it is no more known to have diverged. */
  resynced(dataCentre: string): void;
}

/** A Redis data source: the client, and the events of its route. */
export interface RedisSource extends RoutedSource {
  readonly client: RoutedRedis;
  /** Null unless the algorithm is one that writes doubly. */
  readonly copies: SourceCopies | null;
}

/**
 * Opens a Redis data source that follows its route.
 *
 * @param config what the console hands out, as YAML or as an object
 * @param options drain, time-outs, driver settings
 * @returns the source; without any route yet its calls fail with `NoRouteError` until one arrives
 * @throws ConfigError if the configuration is not valid
 */
export async function openRedis(
  config: string | SdkConfigInput,
  options: RedisSourceOptions = {},
): Promise<RedisSource> {
  let copies: Copies | null = null;
  const resender = createResender();
  const { board, readers, source, ...opened } = await openSource(config, options, {
    createSide: (request) => createRedisSide(request, options.driver ?? {}, resender),
    isAway,
    spreadsReads: true,
    listProblems: (config) => listRedisProblems(config, options.driver ?? {}),
    async createCompanion(parts) {
      copies = await openCopies(parts);
      return copies;
    },
  });
  const writer = (copies as Copies | null)?.writer ?? null;
  const { retry } = opened.config.router;
  const client = createRoutedRedis({ board, readers, writer, retry, resender });
  const shown = writer === null ? null : { status: writer.status, resynced: writer.resynced };
  return { ...source, client, copies: shown };
}
