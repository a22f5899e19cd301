import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ENTRY = join(dirname(fileURLToPath(import.meta.url)), "..", "workers", "index.ts");

/**
 * Bundles the Worker into one module, as wrangler would.
 *
 * @param outfile where the module goes
 * @param replaced modules to be taken from elsewhere, for tests: name → file
 * @throws with esbuild's messages when it does not build
 */
export async function bundleWorker(
  outfile: string,
  replaced: Readonly<Record<string, string>> = {},
): Promise<void> {
  await build({
    entryPoints: [ENTRY],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "import"],
    external: ["cloudflare:*", "node:*"],
    loader: { ".sql": "text" },
    alias: { ...replaced },
    // Stack traces in the log name our own functions.
    keepNames: true,
    logLevel: "error",
  });
}
