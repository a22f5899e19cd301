import { type SdkConfig, writesDoubly } from "@evenkeel/contracts/sdk-config";
import { ConfigError } from "../errors.ts";
import { wantsReaders } from "../routing/create-readers.ts";
import type { SourceDriver } from "./open-source.ts";

/** What is looked at of a driver. */
type Abilities = Pick<SourceDriver<never>, "spreadsReads" | "listProblems"> & {
  readonly createCompanion?: unknown;
};

/**
 * Checks whether a driver can serve a configuration.
 *
 * @param config the configuration
 * @param driver the driver
 * @throws ConfigError with what it cannot serve
 */
export function checkDriver(config: SdkConfig, driver: Abilities): void {
  if (driver.spreadsReads !== true && wantsReaders(config))
    throw new ConfigError([
      "router: reads from the nearest and replicas are not served for this driver; leave them out",
    ]);
  if (driver.createCompanion === undefined && writesDoubly(config.router.algorithm))
    throw new ConfigError([`router.algorithm: ${config.router.algorithm} is served for Redis only`]);
  const problems = driver.listProblems?.(config) ?? listModes(config);
  if (problems.length > 0) throw new ConfigError(problems);
}

function listModes({ sources }: SdkConfig): readonly string[] {
  return Object.entries(sources).flatMap(([name, { mode }]) =>
    mode === undefined ? [] : [`sources.${name}.mode: is for Redis only; leave it out`],
  );
}
