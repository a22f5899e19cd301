import type { MonitorView } from "@evenkeel/contracts/api";
import type { LiveView } from "@evenkeel/contracts/live";
import { SdkConfigQuery } from "@evenkeel/contracts/pool-settings";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";

/** The settings of a monitor that is as its kind's example, with a server in each of two data centres. */
export function describeSettings(
  view: LiveView,
  kind: string,
  common: Record<string, unknown> | null,
): Pick<MonitorView, "common" | "dataCentres"> {
  const plugin = findPlugin(kind);
  const dataCentres = ["dc1", "dc2"].map((name, at) => ({
    ...{ name, site: view.sites[at]?.name ?? name, siteId: view.sites[at]?.id ?? name, priority: at },
    config: plugin.target.parse(plugin.example.target),
    ...{ targetVersion: 1, hasSecret: true, sealedTo: [] },
  }));
  return { common: plugin.common.parse(common ?? plugin.example.common), dataCentres };
}

/**
 * Hands out an SDK configuration by the Worker's own code. The instance has one route store, with accounts and a
 * certificate of its own.
 */
export async function handOut(view: LiveView, monitor: MonitorView, query: URLSearchParams): Promise<string> {
  const plugin = findPlugin(monitor.kind);
  const { pools, config } = await loadWorker();
  const wish = SdkConfigQuery.parse(Object.fromEntries(query));
  const subject = { monitor, dataCentres: monitor.dataCentres };
  const sites = view.sites.map((site) => ({ ...site, cloud: "aws", region: site.name, zones: [] }));
  const site = sites.find(({ id }) => id === wish.site) ?? null;
  const store = {
    ...{ endpoints: ["https://etcd.example.com:2379"], user: "sdk" },
    ...{ caPem: "a certificate", clientCertPem: null },
  };
  const fallback = { tellers: [], controlPlane: "https://evenkeel.example.com" };
  const rows = { instance: { id: monitor.instanceId }, sites };
  const pool = pools.choosePool(subject, plugin, wish);
  return (
    config.renderSdkConfig(rows, subject, plugin, {
      site,
      store,
      pool,
      partitions: [],
      prefix: wish.prefix,
      fallback,
    }) ?? ""
  );
}

function findPlugin(kind: string) {
  const plugin = findMonitorPlugin(kind);
  if (plugin === undefined) throw new Error(`there is no kind ${kind}`);
  return plugin;
}

/** What is used of the Worker; it is loaded by address, because its types are those of another platform. */
interface HandOut {
  readonly pools: { choosePool(...parts: readonly unknown[]): unknown };
  readonly config: { renderSdkConfig(...parts: readonly unknown[]): string | null };
}

async function loadWorker(): Promise<HandOut> {
  const load = (file: string) =>
    import(/* @vite-ignore */ new URL(`../../workers/plan/${file}`, import.meta.url).href);
  return { pools: await load("pools.ts"), config: await load("sdk-config.ts") };
}
