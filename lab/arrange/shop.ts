import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ManagedProcess } from "../processes/process-spec.ts";
import type { Supervisor } from "../processes/supervisor.ts";
import type { ShopFeed } from "../shop/shop-feed.ts";
import { PLACEHOLDER, readSdkConfig, type SdkConfigRequest } from "./sdk-config.ts";

const SHOP = new URL("../shop/main.ts", import.meta.url).pathname;
const READY_WITHIN_MS = 20_000;

/** What starting the shop takes. */
export interface ShopRequest extends SdkConfigRequest {
  readonly supervisor: Supervisor;
  readonly feed: ShopFeed;
  readonly stateDir: string;
}

/**
 * Starts the demo shop with the SDK configuration that the control plane hands out; the secrets come by environment.
 *
 * @param request the lab so far
 */
export async function startShop(request: ShopRequest): Promise<ManagedProcess> {
  const { supervisor, engines, feed } = request;
  const home = join(request.stateDir, "shop");
  mkdirSync(join(home, "snapshots"), { recursive: true });
  const ready = new Set<string>();
  feed.on((event) => {
    if (event.type === "ready") ready.add(event.engine);
  });
  const sources: string[] = [];
  const env: Record<string, string> = {};
  for (const engine of engines.keys()) {
    const file = join(home, `${engine}.yaml`);
    const { text, environment } = await readSdkConfig(request, engine);
    // One process reads several, so that every placeholder gets a name of its own engine.
    const prefix = `${engine.toUpperCase()}_`;
    writeFileSync(file, text.replace(PLACEHOLDER, `\${${prefix}$1}`), { mode: 0o600 });
    for (const [name, value] of Object.entries(environment)) env[prefix + name] = value;
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
