import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MonitorView, SiteView } from "@evenkeel/contracts/api";
import { StoreView } from "@evenkeel/contracts/api-stores";
import { type Beat, beatPrefix, Route, routeKey } from "@evenkeel/contracts/route";
import { type ApiClient, becomeOwner } from "@evenkeel/lab/arrange/api-client";
import { type Arrangement, arrangeInstance } from "@evenkeel/lab/arrange/arrange";
import { prepareControlPlane, waitUntilReady } from "@evenkeel/lab/control-plane";
import type { TwoSites } from "./two-sites.ts";

const SETUP_TOKEN = "set-up-token-of-this-test";
const PASSWORD = "a long enough password";

/** A control plane of its own, with an instance of two sites that stand in two regions of one cloud. */
export interface HandingOut {
  readonly api: ApiClient;
  /** Creates a monitor, with the store of its routes. @param more what the monitor is set to besides */
  watch(sites: Watchable, more: object): Promise<Watched>;
  end(): Promise<void>;
}

/** A monitor, and the route of its own. */
export interface Watched {
  readonly id: string;
  /** Changes what the monitor is set to. */
  edit(change: object): Promise<void>;
  /** The YAML that the API hands out. */
  yaml(query?: string): Promise<string>;
}

/** Where each site stands. */
export const PLACES = {
  dc1: { cloud: "aws", region: "eu-west-1", zones: ["eu-west-1a"] },
  dc2: { cloud: "aws", region: "eu-north-1", zones: ["eu-north-1a", "eu-north-1b"] },
} as const;

/** Starts the control plane. @param port where it listens */
export async function startHandingOut(port: number): Promise<HandingOut> {
  const stateDir = mkdtempSync(join(tmpdir(), "evenkeel-hand-out-"));
  const url = `http://127.0.0.1:${port}`;
  const vars = { EVENKEEL_SETUP_TOKEN: SETUP_TOKEN };
  const { command, args, ...rest } = await prepareControlPlane({ stateDir, port, vars });
  const env = { ...process.env, ...rest.env };
  const control = spawn(command, args, { cwd: rest.cwd, env, stdio: "ignore" });
  if (!(await waitUntilReady(url))) throw new Error("the control plane does not answer");
  const api = await becomeOwner(url, SETUP_TOKEN, null, PASSWORD);
  const arrangement = await arrangeInstance(api, { arbitration: {}, timing: null, kinds: [] });
  const base = `/instances/${arrangement.instanceId}`;
  for (const [name, place] of Object.entries(PLACES))
    await api.send("PATCH", `${base}/sites/${arrangement.sites[name]}`, place, SiteView);
  return {
    api,
    watch: (sites, more) => watch(api, arrangement, sites, more),
    end: () => end(control, stateDir),
  };
}

async function end(control: ChildProcess, stateDir: string): Promise<void> {
  const ended = control.exitCode === null ? once(control, "exit") : Promise.resolve();
  control.kill("SIGKILL");
  await ended;
  rmSync(stateDir, { recursive: true, force: true });
}

/** The servers that a monitor watches, and the store of its routes. */
export interface Watchable extends Pick<TwoSites, "store"> {
  readonly config: Pick<TwoSites["config"], "etcd">;
  readonly kind: string;
  readonly common: object;
  /** Settings of each data centre. */
  readonly targets: Readonly<Record<string, object>>;
}

/** Describes the servers of the lab. */
export function describeSites({ config, engine, store }: TwoSites): Watchable {
  const targets = Object.entries(engine.dataCentres).map(([name, { host, port }]) => [
    name,
    engine.monitor.target(`${host}:${port}`),
  ]);
  const { common } = engine.monitor;
  return { config, store, kind: engine.engine, common, targets: Object.fromEntries(targets) };
}

async function watch(
  api: ApiClient,
  { instanceId, applicationId }: Arrangement,
  { config, store, kind, common, targets }: Watchable,
  more: object,
): Promise<Watched> {
  const base = `/instances/${instanceId}`;
  const { address, username } = config.etcd ?? {};
  // Passwords are sealed to agents, and there are none here: nobody probes, and only the YAML is looked at.
  const endpoints = (address ?? "").split(",").map((endpoint) => `http://${endpoint}`);
  await api.send("PUT", `${base}/stores/main`, { endpoints, user: username }, StoreView);
  const dataCentres = Object.entries(targets).map(([name, target]) => ({ name, site: name, config: target }));
  const body = { kind, applicationId, monitored: false, common, dataCentres, ...more };
  const { id } = await api.send("POST", `${base}/monitors`, body, MonitorView);
  const open = { readable: true, writable: true };
  const route = Route.parse({
    ...{ v: 1, epoch: 1, decision: "dec-1", after: null, active: "dc1", phase: "stable" },
    ...{ dataCentres: { dc1: open, dc2: open }, reason: "a test", decidedBy: "ARB-23", decidedAt: "" },
  });
  const beat: Beat = { v: 1, confirmedBy: "edge", count: 0 };
  const written = [
    await store.put({ key: routeKey(instanceId, applicationId, id), value: JSON.stringify(route) }),
    await store.put({ key: `${beatPrefix(instanceId)}dc1`, value: JSON.stringify(beat) }),
  ];
  if (written.some(({ ok }) => !ok)) throw new Error("the store did not take the route");
  const path = `${base}/monitors/${id}`;
  return {
    id,
    edit: async (change) => void (await api.send("PATCH", path, change, MonitorView)),
    yaml: (query = "") => api.text(`${path}/sdk-config?${query}`),
  };
}

/** The secrets of a configuration, as an application has them in its environment. */
export function listSecrets({ config, engine }: TwoSites): Record<string, string> {
  const { username = "", password = "" } = config.etcd ?? {};
  const { dc1, dc2 } = engine.dataCentres;
  return {
    ...{ ETCD_USERNAME: username, ETCD_PASSWORD: password },
    ...{ DC1_USERNAME: dc1.users.app.user, DC1_PASSWORD: dc1.users.app.password },
    ...{ DC2_USERNAME: dc2.users.app.user, DC2_PASSWORD: dc2.users.app.password },
  };
}
