import type { Partition } from "@evenkeel/contracts/api";
import type { PlanRows } from "./rows.ts";

/** Where a site stands, as the SDK compares places. */
export interface SitePlace {
  readonly cloud: string;
  readonly region: string;
  /** One at least. */
  readonly zones: string[];
}

/**
 * Places a site where people said that it stands. What they did not say comes from the partition of its namespace that
 * names the site among its zones. Of a site that no partition names nothing else is known, so that it counts as a region
 * of its own: nearest is then the same site only.
 *
 * @param site the site
 * @param partitions of its namespace
 * @returns its place
 */
export function placeSite(
  site: Pick<PlanRows["sites"][number], "name" | "cloud" | "region" | "zones">,
  partitions: readonly Partition[],
): SitePlace {
  const partition = partitions.find(({ zones }) => zones.includes(site.name));
  const known = partition?.region === "" ? partition.name : partition?.region;
  return {
    cloud: site.cloud ?? partition?.kind ?? "local",
    region: site.region ?? known ?? site.name,
    zones: site.zones.length > 0 ? site.zones : [site.name],
  };
}
