import type { PlannedMonitor } from "@evenkeel/contracts/plan";
import type { DataCentreName } from "@evenkeel/contracts/route";
import type { StorePut } from "@evenkeel/contracts/route-store";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { z } from "zod";

/** Root of the layout that devspore and devcloud SDKs read (huaweicloud/devcloud-go, both configuration loaders). */
export const MIRROR_ROOT = "/mas-monitor/";
/** Databases of one monitor: their status keys stand in the route's own transaction, and etcd refuses 129 operations. */
export const MIRRORED_DATABASES_MAX = 60;

const ALGORITHM = "single-read-write";

/** The public settings of a SQL monitor that the mirror shows; nothing else is read, secrets are not among them. */
const SqlMirror = z.object({
  address: z.string(),
  connectedDatabases: z
    .array(z.string().regex(/^[^/]+$/))
    .min(1)
    .max(MIRRORED_DATABASES_MAX),
});
const RedisMirror = z.object({
  address: z.string(),
  furtherAddresses: z.array(z.string()).default([]),
  mode: z.enum(["normal", "sentinel", "cluster"]).default("normal"),
});

/** The mirror of one monitor. */
export interface MasMirror {
  /** The keys that say which data centre is active: written in the route's own transaction. */
  status(active: DataCentreName): StorePut[];
  /** The keys that describe the targets, without users and passwords: written when the plan changes. */
  readonly conf: readonly StorePut[];
}

/**
 * Renders what SDKs of MAS read about a monitor.
 *
 * @param monitor the planned monitor
 * @returns the mirror; null for kinds that have none there; words if the settings cannot be mirrored
 */
export function renderMasMirror(monitor: PlannedMonitor): MasMirror | { readonly words: string } | null {
  switch (findMonitorPlugin(monitor.kind)?.masService) {
    case "db":
      return renderDatabases(monitor);
    case "dcs":
      return renderServers(monitor);
    case undefined:
      return null;
  }
}

function renderDatabases(monitor: PlannedMonitor): MasMirror | { readonly words: string } {
  const targets = readTargets(monitor, SqlMirror);
  const databases = targets?.[0]?.config.connectedDatabases;
  if (targets === null || databases === undefined) return unusable(monitor);
  const path = `db/services/${monitor.applicationId}/${monitor.id}/database`;
  return {
    status: (active) =>
      databases.map((database) => ({
        key: `${MIRROR_ROOT}status/${path}/${database}/active`,
        value: active,
      })),
    conf: databases.flatMap((database) => {
      const sources = targets.map(({ name, site, config }) => [
        sourceOf(name),
        { server: config.address, schema: database, region: site, cloud: "" },
      ]);
      const nodes = targets.map(({ name }) => [
        name,
        { master: sourceOf(name), loadBalance: "ROUND_ROBIN", slaves: [], weight: 1 },
      ]);
      const router = {
        // The readers replace it by the status key; it names the home so that nothing depends on when this was written.
        active: monitor.home,
        "route-algorithm": ALGORITHM,
        // The Go reader has no name for the field in JSON and so takes it in this spelling only.
        routeAlgorithm: ALGORITHM,
        nodes: Object.fromEntries(nodes),
      };
      const conf = `${MIRROR_ROOT}conf/${path}/${database}`;
      return [
        { key: `${conf}/datasource`, value: JSON.stringify(Object.fromEntries(sources)) },
        { key: `${conf}/router`, value: JSON.stringify(router) },
      ];
    }),
  };
}

function renderServers(monitor: PlannedMonitor): MasMirror | { readonly words: string } {
  const targets = readTargets(monitor, RedisMirror);
  if (targets === null) return unusable(monitor);
  const path = `dcs/services/${monitor.applicationId}/${monitor.id}`;
  const servers = targets.map(({ name, site, config }) => [
    name,
    { hosts: listHosts(config), type: config.mode, cloud: "", region: site, azs: "" },
  ]);
  return {
    status: (active) => [{ key: `${MIRROR_ROOT}status/${path}/active`, value: active }],
    conf: [
      { key: `${MIRROR_ROOT}conf/${path}/servers`, value: JSON.stringify(Object.fromEntries(servers)) },
      { key: `${MIRROR_ROOT}conf/${path}/route-algorithm`, value: ALGORITHM },
    ],
  };
}

/** All sentinels or nodes; of servers the first, because their readers write to whichever they are given. */
function listHosts({ mode, address, furtherAddresses }: z.infer<typeof RedisMirror>): string {
  return mode === "normal" ? address : [address, ...furtherAddresses].join(",");
}

/** Configurations of MAS name the data source of `dc1` `ds1`, and theirs is matched with ours by that name. */
function sourceOf(dataCentre: DataCentreName): string {
  return dataCentre.replace(/^dc/, "ds");
}

/** @returns the data centres with what the mirror shows of them, or null if one has settings that it cannot show */
function readTargets<T>(monitor: PlannedMonitor, schema: z.ZodType<T>) {
  const targets = [];
  for (const { name, site, config: raw } of monitor.dataCentres) {
    const config = schema.safeParse(raw);
    if (!config.success) return null;
    targets.push({ name, site, config: config.data });
  }
  return targets;
}

function unusable(monitor: PlannedMonitor): { readonly words: string } {
  return {
    words: `${monitor.name} cannot be mirrored for MAS: each data centre needs an address and 1 to ${MIRRORED_DATABASES_MAX} connected databases without "/" in their names`,
  };
}
