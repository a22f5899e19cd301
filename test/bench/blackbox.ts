import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readTicks, TICKS_PER_S } from "./process-cost.ts";

/** What Debian's package calls the program. */
const PROGRAM = "prometheus-blackbox-exporter";
const PORT = 29_115;
/** Requests in flight, and how many are measured after the first ones. */
const AT_A_TIME = 4;
const WARM = 400;
const MEASURED = 2000;
const READY_TRIES = 100;
const READY_PAUSE_MS = 50;

/** What one check of the exporter costs. */
export interface BlackboxCost {
  readonly cpuUs: number;
  readonly version: string;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the exporter checks: a status, or that Redis lets an account in and answers. */
export type BlackboxCheck =
  | { readonly type: "http"; readonly url: string }
  | { readonly type: "redis"; readonly address: string; readonly user: string; readonly password: string };

/** The exporter's configuration for a check; JSON is YAML too. */
function configure(check: BlackboxCheck): string {
  const talk =
    check.type === "http"
      ? {}
      : {
          tcp: {
            query_response: [
              { send: `AUTH ${check.user} ${check.password}` },
              { expect: "^.OK", send: "PING" },
              { expect: "^.PONG" },
            ],
          },
        };
  const prober = check.type === "http" ? "http" : "tcp";
  return JSON.stringify({ modules: { check: { prober, timeout: "5s", ...talk } } });
}

/**
 * Measures the CPU time that Debian's blackbox exporter takes for one check, as Prometheus asks for it.
 *
 * @param check what it checks
 * @returns the cost, or why there is none
 */
export async function measureBlackbox(check: BlackboxCheck): Promise<BlackboxCost | string> {
  const version = await promisify(execFile)(PROGRAM, ["--version"]).then(
    ({ stdout, stderr }) => /version ([\d.]+)/.exec(stdout + stderr)?.[1] ?? "unknown",
    () => null,
  );
  if (version === null) return `not measured: ${PROGRAM} is not installed`;
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-blackbox-"));
  const config = join(folder, "blackbox.yml");
  writeFileSync(config, configure(check), { mode: 0o600 });
  const args = [`--config.file=${config}`, `--web.listen-address=127.0.0.1:${PORT}`, "--log.level=error"];
  const child = spawn(PROGRAM, args, { stdio: "ignore" });
  try {
    const target = encodeURIComponent(check.type === "http" ? check.url : check.address);
    const url = `http://127.0.0.1:${PORT}/probe?module=check&target=${target}`;
    await untilReady(url);
    await ask(url, WARM);
    const before = readTicks(child.pid ?? 0);
    await ask(url, MEASURED);
    const ticks = readTicks(child.pid ?? 0) - before;
    return { cpuUs: (ticks / TICKS_PER_S / MEASURED) * 1e6, version };
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
}

async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; attempt < READY_TRIES; attempt += 1) {
    const isReady = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await pause(READY_PAUSE_MS);
  }
  throw new Error("the blackbox exporter did not start");
}

async function ask(url: string, times: number): Promise<void> {
  let left = times;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const text = await (await fetch(url)).text();
      if (!text.includes("probe_success 1")) throw new Error("the exporter's check failed");
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}
