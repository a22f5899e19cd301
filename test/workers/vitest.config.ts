import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { bundleWorker } from "../../lab/bundle-worker.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, "../..");

/** Two made-up kinds of monitor, so that these tests do not depend on what the real ones ask for. */
const FAKE_KINDS = {
  "@evenkeel/plugins/monitors": join(HERE, "fake-kinds.ts"),
  "@evenkeel/plugins/registry": join(HERE, "fake-registry.ts"),
};

let prepared: Promise<string> | null = null;

/** Bundles the Worker once, as for production: loading its modules one by one costs seconds in every test file. */
function prepareWorker(): Promise<string> {
  prepared ??= bundleIntoTemp();
  return prepared;
}

async function bundleIntoTemp(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-worker-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const main = join(folder, "worker.mjs");
  await bundleWorker(main, FAKE_KINDS);
  return main;
}

/** Tests that run inside workerd: the Worker with its real D1, Durable Objects and sockets. */
export default defineConfig({
  root: ROOT,
  plugins: [
    cloudflareTest(async () => ({
      main: await prepareWorker(),
      wrangler: { configPath: join(ROOT, "wrangler.toml") },
      miniflare: { bindings: { EVENKEEL_SETUP_TOKEN: "set-up-token-of-the-tests" } },
    })),
  ],
  resolve: { alias: FAKE_KINDS },
  test: {
    name: "workers",
    include: ["test/workers/**/*.test.ts", "test/durable-objects/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // `expect.poll` gives up after a second by itself, which a busy machine sometimes needs.
    expect: { poll: { timeout: 15_000 } },
  },
});
