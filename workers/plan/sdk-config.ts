import type { Partition } from "@evenkeel/contracts/api";
import type { SdkConfigQuery } from "@evenkeel/contracts/api-queries";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import { SdkConfig, type SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { RouteTeller } from "@evenkeel/durable-objects/instance/rpc";
import { stringify } from "yaml";
import type { MonitorRows, PlanRows } from "./rows.ts";
import { placeSite } from "./site-place.ts";

/** What is wanted of a configuration. */
export interface SdkWish extends Pick<SdkConfigQuery, "reads" | "maxStalenessMs"> {
  /** The site that the process runs in; null: it was not said. */
  readonly site: PlanRows["sites"][number] | null;
  /** The store of that site; undefined: there is none. */
  readonly store: PlanRows["stores"][number] | undefined;
  /** The locations of the instance's namespace. */
  readonly partitions: readonly Partition[];
  /** Who is asked for routes while the store does not tell them. */
  readonly fallback: Fallback;
}

/** Who is asked for routes while the store does not tell them. */
export interface Fallback {
  readonly tellers: readonly RouteTeller[];
  /** Base URL of the control plane, as it was asked for the configuration. */
  readonly controlPlane: string;
}

/** Secrets never leave the agents, so that the application brings them in its environment. */
const SECRET = (name: string) => `\${${name}}`;

/**
 * Renders the SDK configuration of a monitor, complete but for the secrets, which stand as `${NAME}`.
 *
 * @param rows the catalogue of the instance
 * @param subject the monitor
 * @param plugin its kind
 * @param wish where the process runs and reads
 * @returns YAML; null if what is configured does not make one, as for a kind without a route
 */
export function renderSdkConfig(
  rows: PlanRows,
  subject: MonitorRows,
  plugin: MonitorPlugin,
  wish: SdkWish,
): string | null {
  const sources: NonNullable<SdkConfigInput["sources"]> = {};
  for (const { name, config, siteId } of subject.dataCentres) {
    const source = plugin.source({ ...subject.monitor.common, ...config });
    if (source === null) return null;
    const { host, port, addresses = [], replicas = [], database, hasUser } = source;
    const upper = name.toUpperCase();
    sources[name] = {
      ...(addresses.length > 1 ? { addresses: [...addresses] } : { host, port }),
      ...(wish.reads === "active" || replicas.length === 0 ? {} : { replicas: [...replicas] }),
      ...(wish.reads === "nearest" ? renderPlace(rows, siteId, wish.partitions) : {}),
      ...(database === undefined ? {} : { database }),
      // The monitor's own user only looks; the application brings its own.
      ...(hasUser ? { username: SECRET(`${upper}_USERNAME`) } : {}),
      ...("password" in plugin.secret.shape ? { password: SECRET(`${upper}_PASSWORD`) } : {}),
    };
  }
  const config: SdkConfigInput = {
    props: {
      version: "v1",
      instanceId: rows.instance.id,
      appId: subject.monitor.applicationId,
      monitorId: subject.monitor.id,
      ...(wish.reads === "nearest" && wish.site !== null ? placeSite(wish.site, wish.partitions) : {}),
    },
    ...renderEtcd(wish.store),
    ...(wish.store === undefined ? {} : { fallback: renderFallback(wish.fallback) }),
    sources,
    router: {
      active: "dc1",
      algorithm: wish.reads === "nearest" ? "single-write-local-read" : "single-read-write",
      ...(wish.maxStalenessMs === undefined ? {} : { maxStalenessMs: wish.maxStalenessMs }),
    },
  };
  return SdkConfig.safeParse(config).success ? stringify(config) : null;
}

function renderPlace(
  rows: PlanRows,
  siteId: string,
  partitions: readonly Partition[],
): { cloud?: string; region?: string; zones?: string[] } {
  const site = rows.sites.find(({ id }) => id === siteId);
  if (site === undefined) return {};
  const { zone, ...place } = placeSite(site, partitions);
  return { ...place, zones: [zone] };
}

function renderFallback({ tellers, controlPlane }: Fallback): NonNullable<SdkConfigInput["fallback"]> {
  return {
    agents: tellers.map(({ address: { host, port }, key }) => {
      return { address: `${host.includes(":") ? `[${host}]` : host}:${port}`, key };
    }),
    controlPlane,
    // Without a token the control plane is not asked: most applications need none.
    token: SECRET("EVENKEEL_TOKEN:-"),
  };
}

function renderEtcd(store: PlanRows["stores"][number] | undefined): Pick<SdkConfigInput, "etcd"> {
  if (store === undefined) return {};
  const urls = store.endpoints.map((endpoint) => new URL(endpoint));
  const isHttps = urls.some((url) => url.protocol === "https:");
  return {
    etcd: {
      address: urls.map((url) => `${url.hostname}:${url.port || (isHttps ? "443" : "80")}`).join(","),
      apiVersion: "v3",
      httpsEnable: isHttps,
      ...(store.user === null
        ? {}
        : { username: SECRET("ETCD_USERNAME"), password: SECRET("ETCD_PASSWORD") }),
      ...(store.caPem === null ? {} : { certificatePath: SECRET("ETCD_CA_FILE") }),
      ...(store.clientCertPem === null
        ? {}
        : { clientCertificatePath: SECRET("ETCD_CERT_FILE"), clientKeyPath: SECRET("ETCD_KEY_FILE") }),
    },
  };
}
