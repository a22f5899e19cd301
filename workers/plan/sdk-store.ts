import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { RouteTeller } from "@evenkeel/durable-objects/instance/rpc";
import type { PlanRows } from "./rows.ts";

/** Who is asked for routes while the store does not tell them. */
export interface Fallback {
  readonly tellers: readonly RouteTeller[];
  /** Base URL of the control plane, as it was asked for the configuration. */
  readonly controlPlane: string;
}

/**
 * Renders a variable of the application's environment: secrets never leave the agents, so that it brings them itself.
 *
 * @param name its name, and a default after `:-`
 */
export function variable(name: string): string {
  return `\${${name}}`;
}

/**
 * Renders where the routes are.
 *
 * @param store the store of the process's site; undefined: there is none, and the SDK works locally
 * @param fallback who is asked beside it
 * @returns these parts of the configuration
 */
export function renderStore(
  store: PlanRows["stores"][number] | undefined,
  fallback: Fallback,
): Pick<SdkConfigInput, "etcd" | "fallback"> {
  return store === undefined ? {} : { etcd: renderEtcd(store), fallback: renderFallback(fallback) };
}

function renderFallback({ tellers, controlPlane }: Fallback): NonNullable<SdkConfigInput["fallback"]> {
  return {
    agents: tellers.map(({ address: { host, port }, key }) => {
      return { address: `${host.includes(":") ? `[${host}]` : host}:${port}`, key };
    }),
    controlPlane,
    // Without a token the control plane is not asked: most applications need none.
    token: variable("EVENKEEL_TOKEN:-"),
  };
}

function renderEtcd(store: PlanRows["stores"][number]): NonNullable<SdkConfigInput["etcd"]> {
  const urls = store.endpoints.map((endpoint) => new URL(endpoint));
  const isHttps = urls.some((url) => url.protocol === "https:");
  return {
    address: urls.map((url) => `${url.hostname}:${url.port || (isHttps ? "443" : "80")}`).join(","),
    apiVersion: "v3",
    httpsEnable: isHttps,
    ...(store.user === null
      ? {}
      : { username: variable("ETCD_USERNAME"), password: variable("ETCD_PASSWORD") }),
    ...(store.caPem === null ? {} : { certificatePath: variable("ETCD_CA_FILE") }),
    ...(store.clientCertPem === null
      ? {}
      : { clientCertificatePath: variable("ETCD_CERT_FILE"), clientKeyPath: variable("ETCD_KEY_FILE") }),
  };
}
