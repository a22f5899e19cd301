import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { isAway } from "./oracle/judge-errors.ts";
import type { OracleDriverOptions } from "./oracle/open-connection.ts";
import { loadOracleDriver, type OracleDriver } from "./oracle/oracle-driver.ts";
import { createOracleSide } from "./oracle/oracle-side.ts";
import { createRoutedOracle, type RoutedOracle } from "./oracle/routed-oracle.ts";
import { openSource, type RoutedSource } from "./switching/open-source.ts";
import type { SourceOptions } from "./switching/source-options.ts";

/** Options of an Oracle data source. */
export interface OracleOptions extends SourceOptions {
  /** Settings for connections, such as `maxConnections`, `protocol`; the same in every data centre. */
  readonly driver?: OracleDriverOptions;
  /** The package `oracledb` as the application has set it up; it is loaded, in its thin mode, if left out. */
  readonly oracledb?: OracleDriver;
}

/** An Oracle data source: the pool, and the events of its route. */
export interface OracleSource extends RoutedSource {
  readonly pool: RoutedOracle;
}

/**
 * Opens an Oracle data source that follows its route. It needs the npm package `oracledb` of version 6 or newer, for
 * servers of Oracle 12.1 or newer; `database` of each source is a service's name. No Oracle server was ever run with it:
 * it is proven against a listener that answers as Oracle's does, and against a driver that is none.
 *
 * @param config what the console hands out, as YAML or as an object
 * @param options drain, time-outs, driver settings
 * @returns the source; without any route yet its calls fail with `NoRouteError` until one arrives
 * @throws ConfigError if the configuration is not valid
 */
export async function openOracle(
  config: string | SdkConfigInput,
  options: OracleOptions = {},
): Promise<OracleSource> {
  const driver = options.oracledb ?? (await loadOracleDriver());
  const opened = await openSource(config, options, {
    createSide: (request) => createOracleSide(request, driver, options.driver ?? {}),
    isAway,
  });
  const { board, readers, source } = opened;
  const { retry } = opened.config.router;
  const pool = createRoutedOracle({ board, readers, retry, end: () => source.close() });
  return { ...source, pool };
}
