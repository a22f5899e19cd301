import {
  AgentView,
  ApplicationView,
  EnrolmentTokenCreated,
  InstanceView,
  MonitorView,
  NamespaceView,
  SettingsView,
  SiteView,
} from "@evenkeel/contracts/api";
import { StoreView } from "@evenkeel/contracts/api-stores";
import type { TimingOverrides } from "@evenkeel/contracts/plan";
import { z } from "zod";
import type { ApiClient } from "./api-client.ts";

/** The lab's sites, in the order in which they are shown. */
export const LAB_SITES = [
  { name: "dc1", kind: "data" },
  { name: "dc2", kind: "data" },
  { name: "witness", kind: "witness" },
] as const;
/** Name of a site of the lab. */
export type LabSite = (typeof LAB_SITES)[number]["name"];

/** What the lab's instance is made of. */
export interface Arrangement {
  readonly instanceId: string;
  readonly applicationId: string;
  /** Site ids by name. */
  readonly sites: Readonly<Record<string, string>>;
}

/** How the lab times and bounds its instance. */
export interface ArrangeSettings {
  readonly arbitration: Record<string, unknown>;
  /** Timing of every kind of monitor; null: the defaults of each kind. */
  readonly timing: TimingOverrides | null;
  readonly kinds: readonly string[];
}

/**
 * Creates the lab's namespace, instance, sites and application through the public API, or finds those of an earlier start.
 *
 * @param api an owner's client
 * @param settings what the instance is set to
 */
export async function arrangeInstance(api: ApiClient, settings: ArrangeSettings): Promise<Arrangement> {
  const partition = (name: string) => ({ kind: "local", name, region: "lab", zones: [name] });
  const namespace = await findOrCreate(api, "/namespaces", NamespaceView, "lab", {
    name: "lab",
    edition: "same-city",
    primary: partition("dc1"),
    standby: partition("dc2"),
  });
  const instance = await findOrCreate(api, "/instances", InstanceView, "lab", {
    namespaceId: namespace.id,
    name: "lab",
  });
  const base = `/instances/${instance.id}`;
  const sites: Record<string, string> = {};
  for (const site of LAB_SITES)
    sites[site.name] = (await findOrCreate(api, `${base}/sites`, SiteView, site.name, site)).id;
  const application = await findOrCreate(api, `${base}/applications`, ApplicationView, "shop", {
    name: "shop",
  });
  const timing = settings.timing;
  const perKind = timing === null ? {} : Object.fromEntries(settings.kinds.map((kind) => [kind, timing]));
  await api.send(
    "PATCH",
    `${base}/settings`,
    { arbitration: settings.arbitration, timing: perKind },
    SettingsView,
  );
  return { instanceId: instance.id, applicationId: application.id, sites };
}

async function findOrCreate<Schema extends z.ZodType<{ id: string; name: string }>>(
  api: ApiClient,
  path: string,
  schema: Schema,
  name: string,
  body: unknown,
): Promise<z.infer<Schema>> {
  const known = await listAll(api, path, schema);
  return known.find((item) => item.name === name) ?? (await api.send("POST", path, body, schema));
}

/** Reads a list of the API. */
async function listAll<Schema extends z.ZodType>(
  api: ApiClient,
  path: string,
  schema: Schema,
): Promise<z.infer<Schema>[]> {
  return (await api.get(path, z.object({ items: z.array(schema) }))).items as z.infer<Schema>[];
}

/** The agents that the control plane knows. */
export async function listAgents(api: ApiClient, instanceId: string): Promise<z.infer<typeof AgentView>[]> {
  return listAll(api, `/instances/${instanceId}/agents`, AgentView);
}

/** Makes a one-time enrolment token for a site. */
export async function createEnrolmentToken(
  api: ApiClient,
  instanceId: string,
  site: string,
): Promise<string> {
  const created = await api.send(
    "POST",
    `/instances/${instanceId}/enrolment-tokens`,
    { site },
    EnrolmentTokenCreated,
  );
  return created.token;
}

/** Tells the control plane where etcd is; the password is sealed to the agents. */
export async function arrangeStore(
  api: ApiClient,
  instanceId: string,
  store: { readonly endpoints: readonly string[]; readonly user: string; readonly password: string },
): Promise<void> {
  await api.send("PUT", `/instances/${instanceId}/stores/main`, store, StoreView);
}

/** A monitor as the lab wants it. */
export interface WantedMonitor {
  readonly kind: string;
  readonly name: string;
  readonly common: Record<string, unknown>;
  readonly dataCentres: readonly {
    readonly name: string;
    readonly site: string;
    readonly config: Record<string, unknown>;
    readonly secret: Record<string, unknown>;
  }[];
}

/**
 * Creates a monitor, or brings one of an earlier start up to what is wanted.
 *
 * @param api an owner's client
 * @param arrangement the lab's instance
 * @param wanted the monitor
 */
export async function arrangeMonitor(
  api: ApiClient,
  arrangement: Arrangement,
  wanted: WantedMonitor,
): Promise<MonitorView> {
  const path = `/instances/${arrangement.instanceId}/monitors`;
  const known = (await listAll(api, path, MonitorView)).find((monitor) => monitor.name === wanted.name);
  const dataCentres = wanted.dataCentres.map((dc) => ({
    ...dc,
    site: arrangement.sites[dc.site] ?? dc.site,
  }));
  if (known === undefined) {
    const body = { ...wanted, applicationId: arrangement.applicationId, dataCentres };
    return api.send("POST", path, body, MonitorView);
  }
  const same = known.dataCentres.every((dc) => {
    const target = dataCentres.find((candidate) => candidate.name === dc.name);
    return JSON.stringify(target?.config) === JSON.stringify(pickKeys(dc.config, target?.config ?? {}));
  });
  return same
    ? known
    : api.send("PATCH", `${path}/${known.id}`, { common: wanted.common, dataCentres }, MonitorView);
}

function pickKeys(from: Record<string, unknown>, like: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(like).map((key) => [key, from[key]]));
}
