import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { createRedisSide, type RedisDriverOptions } from "./redis/redis-side.ts";
import { createRoutedRedis, isAway, type RoutedRedis } from "./redis/routed-redis.ts";
import { openSource, type RoutedSource } from "./switching/open-source.ts";
import type { SourceOptions } from "./switching/source-options.ts";

/** Options of a Redis data source. */
export interface RedisSourceOptions extends SourceOptions {
  /** Settings for ioredis, such as `db`, `tls`, `keyPrefix`; the same in every data centre. */
  readonly driver?: RedisDriverOptions;
}

/** A Redis data source: the client, and the events of its route. */
export interface RedisSource extends RoutedSource {
  readonly client: RoutedRedis;
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
  const opened = await openSource(config, options, {
    createSide: (request) => createRedisSide(request, options.driver ?? {}),
    isAway,
  });
  return { ...opened.source, client: createRoutedRedis(opened.board, opened.config.router.retry) };
}
