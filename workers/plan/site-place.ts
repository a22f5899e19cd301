import type { Partition } from "@evenkeel/contracts/api";
import type { PlanRows } from "./rows.ts";

/** Where a site stands, as the SDK compares places. */
export interface SitePlace {
  readonly cloud: string;
  readonly region: string;
  readonly zone: string;
}

/**
 * Places a site. It is a zone, of the partition of its namespace that names it among its zones. Of a site that no
 * partition names nothing is known, so that it counts as a region of its own: nearest is then the same site only.
 *
 * @param site the site
 * @param partitions of its namespace
 * @returns its place
 */
export function placeSite(
  site: Pick<PlanRows["sites"][number], "name">,
  partitions: readonly Partition[],
): SitePlace {
  const partition = partitions.find(({ zones }) => zones.includes(site.name));
  if (partition === undefined) return { cloud: "local", region: site.name, zone: site.name };
  const region = partition.region === "" ? partition.name : partition.region;
  return { cloud: partition.kind, region, zone: site.name };
}
