import type { Message } from "../language/words.ts";

/** A variable that an application brings. */
export interface Variable {
  readonly name: string;
  /** Used if the application brings none; undefined: it must. */
  readonly fallback: string | undefined;
  readonly meaning: Message;
}

const PLACEHOLDER = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;
const OF_DATA_CENTRE = /^(?:\w+_)?(DC[0-9]+)_(SENTINEL_)?(USERNAME|PASSWORD)$/;

/** What the names mean that the control plane gives. */
const MEANINGS: Readonly<Record<string, Message>> = {
  ETCD_USERNAME: { id: "sdk.variable.store-user" },
  ETCD_PASSWORD: { id: "sdk.variable.store-password" },
  ETCD_CA_FILE: { id: "sdk.variable.store-ca" },
  ETCD_CERT_FILE: { id: "sdk.variable.store-certificate" },
  ETCD_KEY_FILE: { id: "sdk.variable.store-key" },
  EVENKEEL_TOKEN: { id: "sdk.variable.token" },
  EVENKEEL_CLOUD: { id: "sdk.variable.cloud" },
  EVENKEEL_REGION: { id: "sdk.variable.region" },
  EVENKEEL_ZONE: { id: "sdk.variable.zone" },
};

/**
 * Lists what an application has to bring for a configuration, in the order in which it is first named.
 *
 * @param yaml the configuration
 * @returns each variable once
 */
export function listVariables(yaml: string): readonly Variable[] {
  const found = new Map<string, Variable>();
  for (const [, name = "", fallback] of yaml.matchAll(PLACEHOLDER))
    if (!found.has(name)) found.set(name, { name, fallback, meaning: explain(name) });
  return [...found.values()];
}

function explain(name: string): Message {
  const [, site = "", sentinel, what] = OF_DATA_CENTRE.exec(name) ?? [];
  if (what === undefined) return MEANINGS[name] ?? { id: "sdk.variable.other" };
  const values = { dc: site.toLowerCase() };
  const isUser = what === "USERNAME";
  if (sentinel !== undefined)
    return { id: isUser ? "sdk.variable.sentinel-user" : "sdk.variable.sentinel-password", values };
  return { id: isUser ? "sdk.variable.user" : "sdk.variable.password", values };
}
