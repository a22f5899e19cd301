import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { createMongoSide, type MongoDriverOptions } from "./mongodb/mongo-side.ts";
import { createRoutedMongo, isAway, type RoutedMongo } from "./mongodb/routed-mongo.ts";
import { openSource, type RoutedSource } from "./switching/open-source.ts";
import type { SourceOptions } from "./switching/source-options.ts";

/** Options of a MongoDB data source. */
export interface MongoOptions extends SourceOptions {
  /** Settings for mongodb, such as `replicaSet`, `authSource`, `tls`, `maxPoolSize`; the same in every data centre. */
  readonly driver?: MongoDriverOptions;
}

/** A MongoDB data source: the active side's `Db` and client, and the events of its route. */
export interface MongoSource extends RoutedSource, RoutedMongo {}

/**
 * Opens a MongoDB data source that follows its route. It needs the npm package `mongodb` of version 7.
 *
 * @param config what the console hands out, as YAML or as an object
 * @param options drain, time-outs, driver settings
 * @returns the source; without any route yet its calls fail with `NoRouteError` until one arrives
 * @throws ConfigError if the configuration is not valid
 */
export async function openMongo(
  config: string | SdkConfigInput,
  options: MongoOptions = {},
): Promise<MongoSource> {
  const opened = await openSource(config, options, {
    createSide: (request) => createMongoSide(request, options.driver ?? {}),
    isAway,
  });
  return { ...opened.source, ...createRoutedMongo(opened.board, opened.config.router.retry) };
}
