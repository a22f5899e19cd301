import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineHandle } from "../engines/engine-handle.ts";
import type { EtcdHandle } from "../engines/etcd.ts";
import type { ManagedProcess } from "../processes/process-spec.ts";
import type { Supervisor } from "../processes/supervisor.ts";
import type { ShopFeed } from "../shop/shop-feed.ts";
import type { ApiClient } from "./api-client.ts";
import type { Arrangement } from "./arrange.ts";

const SHOP = new URL("../shop/main.ts", import.meta.url).pathname;
const READY_WITHIN_MS = 20_000;

/** What starting the shop takes. */
export interface ShopRequest {
  readonly api: ApiClient;
  readonly arrangement: Arrangement;
  readonly supervisor: Supervisor;
  readonly engines: ReadonlyMap<string, EngineHandle>;
  readonly etcd: EtcdHandle;
  readonly feed: ShopFeed;
  readonly monitors: Readonly<Record<string, string>>;
  readonly stateDir: string;
}

/**
 * Starts the demo shop with the SDK configuration that the control plane hands out; the secrets come by environment.
 *
 * @param request the lab so far
 */
export async function startShop(request: ShopRequest): Promise<ManagedProcess> {
  const { api, arrangement, supervisor, engines, feed, monitors } = request;
  const home = join(request.stateDir, "shop");
  mkdirSync(join(home, "snapshots"), { recursive: true });
  const ready = new Set<string>();
  feed.on((event) => {
    if (event.type === "ready") ready.add(event.engine);
  });
  const sources: string[] = [];
  const env: Record<string, string> = {};
  for (const [engine, handle] of engines) {
    const path = `/instances/${arrangement.instanceId}/monitors/${monitors[engine]}/sdk-config`;
    const file = join(home, `${engine}.yaml`);
    const { text, secrets } = fillPlaceholders(engine, await api.text(path), handle, request.etcd);
    writeFileSync(file, text, { mode: 0o600 });
    Object.assign(env, secrets);
    sources.push(`${engine}=${file}`);
  }
  const started = await supervisor.spawnProcess({
    name: "shop",
    role: "application",
    command: process.execPath,
    args: [SHOP, "--snapshots", join(home, "snapshots"), ...sources],
    env,
    ports: [],
    isReady: async () => ready.size === engines.size,
    readyWithinMs: READY_WITHIN_MS,
    onLine: (line) => feed.take(line),
  });
  if (!started.ok) throw new Error(started.message);
  return started.process;
}

/**
 * Gives every placeholder of a configuration a name of its own engine, because one process reads several, and a value.
 *
 * @returns the text, and the environment that fills it
 */
function fillPlaceholders(
  engine: string,
  text: string,
  handle: EngineHandle,
  etcd: EtcdHandle,
): { text: string; secrets: Record<string, string> } {
  const secrets: Record<string, string> = {};
  const filled = text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const own = `${engine.toUpperCase()}_${name}`;
    secrets[own] = fillOf(name, handle, etcd);
    return `\${${own}}`;
  });
  return { text: filled, secrets };
}

function fillOf(name: string, handle: EngineHandle, etcd: EtcdHandle): string {
  if (name.startsWith("ETCD"))
    return name.endsWith("PASSWORD") ? etcd.users.sdk.password : etcd.users.sdk.user;
  const dc = /DC2/i.test(name) ? "dc2" : "dc1";
  const { app } = handle.dataCentres[dc].users;
  return name.endsWith("PASSWORD") ? app.password : app.user;
}
