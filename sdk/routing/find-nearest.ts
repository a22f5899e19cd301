import type { SdkConfig } from "@evenkeel/contracts/sdk-config";

/** Where the data centres stand, where the process stands, and which one is said to be nearest to it. */
type Places = Pick<SdkConfig, "props" | "sources"> & {
  readonly router?: Pick<SdkConfig["router"], "nearest">;
};

/**
 * Finds the data centre nearest to a process: the one that is named so, else one in its cloud, region and zone, else in
 * its cloud and region, else in its cloud. Where several are as near, the active one is taken.
 *
 * @param config the sources, and where the process stands
 * @param active the active data centre
 * @param mayRead says of a data centre whether it may be read
 * @returns the nearest; the active one where none is near
 */
export function findNearest(
  config: Places,
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

function nearnessOf({ props, sources, router }: Places, name: string): number {
  if (router?.nearest === name) return 4;
  const source = sources[name];
  if (source === undefined || props.cloud === undefined || source.cloud !== props.cloud) return 0;
  if (props.region === undefined || source.region !== props.region) return 1;
  return props.zone !== undefined && source.zones?.includes(props.zone) === true ? 3 : 2;
}
