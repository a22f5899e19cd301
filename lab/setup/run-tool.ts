import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** How long fetching and building one may take. */
const FETCH_WITHIN_MS = 10 * 60_000;
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;

/** Runs a tool to its end; what it throws carries its last words. */
export async function runTool(command: string, args: readonly string[], cwd: string): Promise<void> {
  await promisify(execFile)(command, args, {
    cwd,
    timeout: FETCH_WITHIN_MS,
    maxBuffer: OUTPUT_MAX_BYTES,
    killSignal: "SIGKILL",
    env: { ...process.env, CGO_ENABLED: "0" },
  });
}
