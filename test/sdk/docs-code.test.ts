import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import * as monitors from "@evenkeel/plugins/monitors";
import { expect, test } from "vitest";

const ROOT = new URL("../../", import.meta.url).pathname;
const PAGES = ["docs/sdk.md", "docs/sdk-redis-double-write.md", "docs/migrate-from-mas.md"];
/** What a reader has already where an example does not say it. */
const GIVEN = `
declare const id: string;
declare const yaml: string;
declare const placeOrder: () => Promise<void>;
declare const openPostgres: typeof import("@evenkeel/sdk/open-postgres").openPostgres;
declare const openRedis: typeof import("@evenkeel/sdk/open-redis").openRedis;
declare const drizzle: typeof import("drizzle-orm/node-postgres").drizzle;
`;
const SETTINGS = {
  extends: "../../tsconfig.base.json",
  compilerOptions: { types: ["node"], noUnusedLocals: false },
  include: ["*.ts"],
};
const SLOW_MS = 120_000;

test("the code on the SDK's pages, and that of each kind, has the types that it is shown with", {
  timeout: SLOW_MS,
}, async () => {
  mkdirSync(join(ROOT, ".state"), { recursive: true });
  // Below the project's folder, so that its packages are found.
  const folder = mkdtempSync(join(ROOT, ".state", "docs-code-"));
  try {
    const blocks = PAGES.flatMap((page) =>
      [...readFileSync(join(ROOT, page), "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
        ([, code = ""]) => code,
      ),
    );
    expect(blocks.length).toBeGreaterThan(5);
    const shown = Object.values<MonitorPlugin>(monitors).flatMap(({ sdk }) => sdk?.code ?? []);
    expect(shown.length).toBeGreaterThan(5);
    blocks.push(...shown);
    blocks.forEach((code, at) => {
      writeFileSync(join(folder, `block-${at + 1}.ts`), `${code}\nexport {};\n`);
    });
    writeFileSync(join(folder, "given.d.ts"), GIVEN);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(SETTINGS));
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const child = spawn(process.execPath, [tsc, "-p", folder], { stdio: ["ignore", "pipe", "inherit"] });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
    expect(said).toBe("");
    expect(code).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
