import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { Pool as CallbackPool } from "mysql2";
import type { Pool } from "mysql2/promise";
import { isAway } from "./mysql/judge-errors.ts";
import { createMysqlSide, type MysqlDriverOptions } from "./mysql/mysql-side.ts";
import { createRoutedMysql } from "./mysql/routed-mysql.ts";
import { openSource, type RoutedSource } from "./switching/open-source.ts";
import type { SourceOptions } from "./switching/source-options.ts";

/** Options of a MySQL or MariaDB data source. */
export interface MysqlOptions extends SourceOptions {
  /** Settings for mysql2, such as `connectionLimit`, `ssl`, `timezone`; the same in every data centre. */
  readonly driver?: MysqlDriverOptions;
}

/** A MySQL or MariaDB data source: the pool to hand to mysql2's users and to ORMs, and the events of its route. */
export interface MysqlSource extends RoutedSource {
  readonly pool: Pool;
  /** For an ORM that opens its pool itself from a module, such as typeorm with its option `driver`: it gets this one. */
  readonly driver: { createPool(): CallbackPool };
}

/**
 * Opens a MySQL or MariaDB data source that follows its route.
 *
 * @param config what the console hands out, as YAML or as an object
 * @param options drain, time-outs, driver settings
 * @returns the source; without any route yet its calls fail with `NoRouteError` until one arrives
 * @throws ConfigError if the configuration is not valid
 */
export async function openMysql(
  config: string | SdkConfigInput,
  options: MysqlOptions = {},
): Promise<MysqlSource> {
  const opened = await openSource(config, options, {
    createSide: (request) => createMysqlSide(request, options.driver ?? {}),
    isAway,
    spreadsReads: true,
  });
  const { board, readers, source } = opened;
  const { retry } = opened.config.router;
  const pool = createRoutedMysql({ board, readers, retry, end: () => source.close() });
  return { ...source, pool, driver: { createPool: () => pool.pool } };
}
