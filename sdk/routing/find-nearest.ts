import type { SdkConfig } from "@evenkeel/contracts/sdk-config";

/** Where something stands. */
export interface Position {
  readonly cloud?: string | undefined;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
}

/**
 * Finds the data centre nearest to a process: in its cloud, region and zone, else in its cloud and region, else in its
 * cloud. Where several are as near, the active one is taken.
 *
 * @param config the sources, and where the process stands
 * @param active the active data centre
 * @param mayRead says of a data centre whether it may be read
 * @returns the nearest; the active one where none is near
 */
export function findNearest(
  config: Pick<SdkConfig, "props" | "sources">,
  active: string,
  mayRead: (dataCentre: string) => boolean,
): string {
  let nearest = active;
  let best = nearnessOf(config, active);
  for (const name of Object.keys(config.sources)) {
    const nearness = nearnessOf(config, name);
    if (nearness <= best || !mayRead(name)) continue;
    nearest = name;
    best = nearness;
  }
  return nearest;
}

function nearnessOf({ props, sources }: Pick<SdkConfig, "props" | "sources">, name: string): number {
  const source = sources[name];
  if (source === undefined || props.cloud === undefined || source.cloud !== props.cloud) return 0;
  if (props.region === undefined || source.region !== props.region) return 1;
  return props.zone !== undefined && source.zones?.includes(props.zone) === true ? 3 : 2;
}
