import type { Partition } from "@evenkeel/contracts/api";
import type { SourceAddress } from "@evenkeel/contracts/kind-sdk";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import {
  type CopySettings,
  readsLocally,
  SdkConfig,
  type SdkConfigInput,
  writesDoubly,
} from "@evenkeel/contracts/sdk-config";
import { stringify } from "yaml";
import type { Pool } from "./pools.ts";
import type { MonitorRows, PlanRows } from "./rows.ts";
import { type Fallback, renderStore, variable } from "./sdk-store.ts";
import { placeSite, type SitePlace } from "./site-place.ts";

/** What is wanted of a configuration. */
export interface SdkWish {
  /** The site that the process runs in; null: it was not said. */
  readonly site: PlanRows["sites"][number] | null;
  /** The store of that site; undefined: there is none. */
  readonly store: PlanRows["stores"][number] | undefined;
  /** The locations of the instance's namespace. */
  readonly partitions: readonly Partition[];
  /** The connected database, and how it is used. */
  readonly pool: Pool;
  /** What stands before the names of the data centres' variables; undefined: nothing. */
  readonly prefix?: string | undefined;
  /** Who is asked for routes while the store does not tell them. */
  readonly fallback: Fallback;
}

type SdkSourceInput = SdkConfigInput["sources"][string];

/** Of a process whose site nobody named, only itself knows where it stands. */
const OWN_PLACE = {
  cloud: variable("EVENKEEL_CLOUD"),
  region: variable("EVENKEEL_REGION"),
  zone: variable("EVENKEEL_ZONE"),
};

/**
 * Renders the SDK configuration of a monitor, complete but for the secrets, which stand as `${NAME}`.
 *
 * @param rows the catalogue of the instance
 * @param subject the monitor
 * @param plugin its kind
 * @param wish where the process runs, and how it uses which database
 * @returns YAML; null if what is configured does not make one, as for a kind without a route
 */
export function renderSdkConfig(
  rows: PlanRows,
  subject: MonitorRows,
  plugin: MonitorPlugin,
  wish: SdkWish,
): string | null {
  const { pool, partitions } = wish;
  const { id: monitorId, applicationId: appId, common } = subject.monitor;
  const places = new Map(rows.sites.map((site) => [site.id, placeSite(site, partitions)]));
  const isLocal = readsLocally(pool.algorithm);
  const before = wish.prefix === undefined ? "" : `${wish.prefix}_`;
  const sources: SdkConfigInput["sources"] = {};
  for (const { name, config, siteId } of subject.dataCentres) {
    const source = plugin.source({ ...common, ...config });
    if (source === null) return null;
    sources[name] = renderSource(source, `${before}${name.toUpperCase()}_`, plugin, {
      ...(isLocal ? places.get(siteId) : {}),
      ...(pool.readReplicas && source.replicas?.length ? { replicas: [...source.replicas] } : {}),
      ...(pool.database === null ? {} : { database: pool.database }),
    });
  }
  const config: SdkConfigInput = {
    props: {
      version: "v1",
      ...{ instanceId: rows.instance.id, appId, monitorId },
      ...(pool.database === null ? {} : { databaseName: pool.database }),
      ...(isLocal ? renderOwnPlace(wish.site === null ? undefined : places.get(wish.site.id)) : {}),
    },
    ...renderStore(wish.store, wish.fallback),
    sources,
    router: renderRouter(pool),
  };
  return SdkConfig.safeParse(config).success ? stringify(config) : null;
}

function renderSource(
  { host, port, addresses = [], hasUser, mode, sentinel }: SourceAddress,
  prefix: string,
  plugin: MonitorPlugin,
  more: Partial<SdkSourceInput>,
): SdkSourceInput {
  return {
    ...(addresses.length > 1 ? { addresses: [...addresses] } : { host, port }),
    ...(mode === undefined ? {} : { mode }),
    ...(sentinel === undefined ? {} : renderSentinel(sentinel, prefix)),
    ...more,
    // The monitor's own user only looks; the application brings its own.
    ...(hasUser ? { username: variable(`${prefix}USERNAME`) } : {}),
    ...("password" in plugin.secret.shape ? { password: variable(`${prefix}PASSWORD`) } : {}),
  };
}

/** Most sentinels ask for no password; those that know users do. */
function renderSentinel(
  { masterName, hasUser }: NonNullable<SourceAddress["sentinel"]>,
  prefix: string,
): Pick<SdkSourceInput, "masterName" | "sentinelUsername" | "sentinelPassword"> {
  return {
    masterName,
    ...(hasUser ? { sentinelUsername: variable(`${prefix}SENTINEL_USERNAME`) } : {}),
    sentinelPassword: variable(`${prefix}SENTINEL_PASSWORD${hasUser ? "" : ":-"}`),
  };
}

/** Of the zones of its site a process may name its own; the first one is taken if it does not. */
function renderOwnPlace(place: SitePlace | undefined): Partial<SdkConfigInput["props"]> {
  if (place === undefined) return OWN_PLACE;
  const { cloud, region, zones } = place;
  const [zone = ""] = zones;
  return { cloud, region, zone: zones.length > 1 ? variable(`EVENKEEL_ZONE:-${zone}`) : zone };
}

function renderRouter(pool: Pool): SdkConfigInput["router"] {
  const { algorithm, readReplicas, loadBalance, maxStalenessMs, holdMs, copies } = pool;
  return {
    active: "dc1",
    algorithm,
    ...(readReplicas ? { loadBalance } : {}),
    ...(maxStalenessMs === null ? {} : { maxStalenessMs }),
    ...(holdMs === 0 ? {} : { holdMs }),
    ...(writesDoubly(algorithm) ? { copies: renderCopies(copies) } : {}),
  };
}

function renderCopies(copies: CopySettings | null): NonNullable<SdkConfigInput["router"]["copies"]> {
  if (copies === null) return { queue: "memory" };
  const { directory, fsync, ...rest } = copies;
  if (rest.queue === "memory") return rest;
  return { ...rest, fsync, ...(directory === undefined ? {} : { directory }) };
}
