import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DIST = "web/dist";
const STAMP = join(DIST, ".built-from");
/** What the console is built from. */
const SOURCES = ["web", "contracts", "plugins", "package-lock.json"];
const SKIPPED = new Set(["node_modules", "dist"]);

/**
 * Builds the console unless what it is built from has not changed since.
 *
 * @param say tells what is done
 * @throws Error if the build fails, with its output
 */
export async function buildConsole(say: (line: string) => void): Promise<void> {
  const print = computeFingerprint();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === print) return;
  say("building the console …");
  const child = spawn(
    process.execPath,
    ["node_modules/vite/bin/vite.js", "build", "web", "--logLevel", "warn"],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`the console could not be built:\n${output}`);
  writeFileSync(STAMP, print);
}

function computeFingerprint(): string {
  const hash = createHash("sha256");
  for (const file of SOURCES.flatMap(listFiles)) hash.update(file).update(readFileSync(file));
  return hash.digest("hex");
}

function listFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => !SKIPPED.has(name))
    .sort()
    .flatMap((name) => listFiles(join(path, name)));
}
