import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { bundleWorker } from "./bundle-worker.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
/** Name of the socket that `workerd serve` opens for a configuration of this kind. */
const SOCKET = "http";
/** Reading wrangler.toml takes a second; longer than this it hangs. */
const READ_TIMEOUT_MS = 30_000;
const READ_MAX_BYTES = 1_000_000;
/** Time between two looks whether the control plane answers, in milliseconds. */
const READY_POLL_MS = 25;
/** Time for one such look, in milliseconds. */
const READY_TRY_MS = 2_000;

/** Where and how a control plane is to run. */
export interface ControlPlaneOptions {
  /** Directory of its configuration, program and data; kept from run to run. */
  readonly stateDir: string;
  readonly port: number;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Variables of the Worker, such as EVENKEEL_SETUP_TOKEN; the file that holds them is readable by its owner only. */
  readonly vars: Readonly<Record<string, string>>;
}

/** A command for a supervisor to run. */
export interface ControlPlaneCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** The parts of wrangler.toml that stand-alone workerd runs; it refuses all others, so that they are our contract. */
const WranglerConfig = z.object({
  name: z.string(),
  main: z.string(),
  compatibility_date: z.string(),
  assets: z.looseObject({ directory: z.string() }).optional(),
  durable_objects: z.looseObject({}),
  migrations: z.array(z.looseObject({})),
  d1_databases: z.array(
    z.object({ binding: z.string(), database_name: z.string(), database_id: z.string() }),
  ),
  triggers: z.looseObject({}),
  vars: z.record(z.string(), z.unknown()).default({}),
});
type WranglerConfig = z.infer<typeof WranglerConfig>;

/**
 * Prepares a control plane for `workerd serve`: bundles the Worker and derives the configuration from wrangler.toml.
 * What is stored in the directory is kept, so that a second call after a crash or an update goes on where it was.
 *
 * @param options where and how
 * @returns the command to run
 * @throws when the Worker does not build or wrangler.toml cannot be read
 */
export async function prepareControlPlane(options: ControlPlaneOptions): Promise<ControlPlaneCommand> {
  const stateDir = resolve(options.stateDir);
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const [config] = await Promise.all([readWranglerConfig(), bundleWorker(join(stateDir, "worker.js"))]);
  const derived = deriveConfig(config, options.vars);
  await writeInPlace(join(stateDir, "wrangler.json"), JSON.stringify(derived, null, 2));
  const address = `${options.host ?? "127.0.0.1"}:${options.port}`;
  return {
    command: createRequire(import.meta.url).resolve("workerd/bin/workerd"),
    args: ["serve", "wrangler.json", "--experimental", "--socket-addr", `${SOCKET}=${address}`],
    env: {},
    cwd: stateDir,
  };
}

/**
 * Waits until a control plane answers.
 *
 * @param url its base URL
 * @param timeoutMs how long at most
 * @returns false when the time is over
 */
export async function waitUntilReady(url: string, timeoutMs = 30_000): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (await answers(url)) return true;
    await new Promise((resume) => setTimeout(resume, READY_POLL_MS));
  }
  return false;
}

/**
 * Asks a control plane once whether it is up.
 *
 * @param url its base URL
 * @returns true if it answers
 */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(new URL("/api/v1/health", url), {
      signal: AbortSignal.timeout(READY_TRY_MS),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Refused or reset means the same to the caller as any other answer: it is not up yet.
    return false;
  }
}

/**
 * Derives the configuration for `workerd serve`.
 *
 * @param config what wrangler.toml says
 * @param vars variables to add
 * @returns the JSON that workerd takes
 */
export function deriveConfig(config: WranglerConfig, vars: Readonly<Record<string, string>>): object {
  const { assets, name, compatibility_date, durable_objects, migrations, d1_databases, triggers } = config;
  const directory = assets === undefined ? null : resolve(ROOT, assets.directory);
  // workerd refuses to start without the directory; without the console the API still works.
  const built = assets !== undefined && directory !== null && existsSync(join(directory, "index.html"));
  return {
    name,
    main: "worker.js",
    no_bundle: true,
    compatibility_date,
    durable_objects,
    migrations,
    d1_databases,
    triggers,
    vars: { ...config.vars, ...vars },
    ...(built ? { assets: { ...assets, directory } } : {}),
  };
}

/** Reads wrangler.toml with wrangler itself, in a process of its own: loading it takes 180 MB, which end with it. */
async function readWranglerConfig(): Promise<WranglerConfig> {
  const script = join(ROOT, "lab", "print-wrangler-config.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script], {
    cwd: ROOT,
    timeout: READ_TIMEOUT_MS,
    maxBuffer: READ_MAX_BYTES,
  });
  return WranglerConfig.parse(JSON.parse(stdout));
}

/** A reader sees the old file or the new one, never half of it. */
async function writeInPlace(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}
