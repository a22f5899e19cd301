import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import { SdkConfig, type SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { stringify } from "yaml";
import type { MonitorRows, PlanRows } from "./rows.ts";

/** Secrets never leave the agents, so that the application brings them in its environment. */
const SECRET = (name: string) => `\${${name}}`;

/**
 * Renders the SDK configuration of a monitor, complete but for the secrets, which stand as `${NAME}`.
 *
 * @param rows the catalogue of the instance
 * @param subject the monitor
 * @param plugin its kind
 * @param store the store of the site that the process runs in; undefined: there is none
 * @returns YAML; null if what is configured does not make one, as for a kind without a route
 */
export function renderSdkConfig(
  rows: PlanRows,
  subject: MonitorRows,
  plugin: MonitorPlugin,
  store: PlanRows["stores"][number] | undefined,
): string | null {
  const sources: NonNullable<SdkConfigInput["sources"]> = {};
  for (const { name, config } of subject.dataCentres) {
    const source = plugin.source({ ...subject.monitor.common, ...config });
    if (source === null) return null;
    const { host, port, addresses = [], database, hasUser } = source;
    const upper = name.toUpperCase();
    sources[name] = {
      ...(addresses.length > 1 ? { addresses: [...addresses] } : { host, port }),
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
    },
    ...renderEtcd(store),
    sources,
    router: { active: "dc1", algorithm: "single-read-write" },
  };
  return SdkConfig.safeParse(config).success ? stringify(config) : null;
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
