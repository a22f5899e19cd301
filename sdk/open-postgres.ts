import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { isAway } from "./postgres/judge-errors.ts";
import { createPgSide, type PgDriverOptions } from "./postgres/pg-side.ts";
import { RoutedPool } from "./postgres/routed-pool.ts";
import { openSource, type RoutedSource } from "./switching/open-source.ts";
import type { SourceOptions } from "./switching/source-options.ts";

/** Options of a PostgreSQL data source. */
export interface PostgresOptions extends SourceOptions {
  /** Settings for pg, such as `max`, `ssl`, `statement_timeout`; the same in every data centre. */
  readonly driver?: PgDriverOptions;
}

/** A PostgreSQL data source: the pool to hand to pg's users, and the events of its route. */
export interface PostgresSource extends RoutedSource {
  readonly pool: RoutedPool;
  /** For an ORM that opens its pool itself from a module, such as typeorm with its option `driver`: it gets this one. */
  readonly driver: { readonly Pool: new () => RoutedPool };
}

/**
 * Opens a PostgreSQL data source that follows its route.
 *
 * @param config what the console hands out, as YAML or as an object
 * @param options drain, time-outs, driver settings
 * @returns the source; without any route yet its calls fail with `NoRouteError` until one arrives
 * @throws ConfigError if the configuration is not valid
 */
export async function openPostgres(
  config: string | SdkConfigInput,
  options: PostgresOptions = {},
): Promise<PostgresSource> {
  const opened = await openSource(config, options, {
    createSide: (request) => createPgSide(request, options.driver ?? {}),
    isAway,
    spreadsReads: true,
  });
  const { board, readers, source } = opened;
  const { retry } = opened.config.router;
  const pool = new RoutedPool({ board, readers, retry, end: () => source.close() });
  // A function that returns an object gives it to `new` as well.
  function Pool(): RoutedPool {
    return pool;
  }
  return { ...source, pool, driver: { Pool: Pool as unknown as new () => RoutedPool } };
}
