import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { findOnDisk } from "../../lab/setup/find-program.ts";
import { ROOT } from "../tidy/source-files.ts";

/** No background traffic, no first-run pages, no QUIC: nothing but the page under test. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the Chromium of the system. */
export async function launchBrowser(): Promise<Browser> {
  const found = findOnDisk(["chromium", "chromium-browser", "google-chrome"], [], ["/usr/bin"]);
  if (found === undefined) throw new Error("no Chromium on this machine; `npm test` installs it on Debian");
  return await chromium.launch({ executablePath: found.path, args: FLAGS });
}

/** The console, built as for production into a folder of its own. */
export interface BuiltConsole {
  readonly folder: string;
  /** Paths of the source files that the scripts were made of. */
  readonly sources: readonly string[];
  remove(): void;
}

/** Builds the console. Tests run under another NODE_ENV, so that it takes a process of its own. */
export async function buildConsole(): Promise<BuiltConsole> {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-console-"));
  const args = ["node_modules/vite/bin/vite.js", "build", "web", "--outDir", folder, "--sourcemap"];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`the console could not be built:\n${output}`);
  const maps = readdirSync(join(folder, "assets")).filter((name) => name.endsWith(".js.map"));
  const sources = maps.flatMap((name) => {
    const map = JSON.parse(readFileSync(join(folder, "assets", name), "utf8")) as { sources: string[] };
    return map.sources;
  });
  return { folder, sources, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A page that notes whatever went wrong in it. */
export interface WatchedPage {
  readonly page: Page;
  /** Uncaught errors, errors that React or antd report, and violations of the content security policy. */
  readonly faults: string[];
}

/**
 * Opens a page in a profile of its own.
 *
 * @param browser the browser
 * @param url what to open
 * @param options language, colours, size
 */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ locale: "en-US", ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // What the network did is the matter of the test itself.
    const network = /Failed to load resource|WebSocket connection to/.test(message.text());
    if (message.type() === "error" && !network) faults.push(message.text());
  });
  await page.goto(url);
  return { page, faults };
}
