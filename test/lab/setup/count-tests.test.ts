import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const PROJECT = new URL("../../../", import.meta.url).pathname;
const SLOW_MS = 60_000;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-count-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the tests of one file in a Vitest of their own and returns the summary. */
async function summaryOf(code: string): Promise<string> {
  writeFileSync(join(folder, "sample.test.js"), code);
  writeFileSync(join(folder, "vitest.config.js"), "export default {};\n");
  const vitest = spawn(
    process.execPath,
    [
      join(PROJECT, "node_modules/vitest/vitest.mjs"),
      "run",
      "--globals",
      `--root=${folder}`,
      `--reporter=${join(PROJECT, "lab/setup/count-tests.ts")}`,
    ],
    { stdio: "ignore", env: { PATH: process.env.PATH, EVENKEEL_TEST_SUMMARY: join(folder, "summary.txt") } },
  );
  await once(vitest, "exit");
  return readFileSync(join(folder, "summary.txt"), "utf8");
}

test(
  "what passed, failed and was skipped is counted, and a skipped test gives its reason",
  async () => {
    const summary = await summaryOf(`
    test("one", () => {});
    test("two", () => {});
    test("three", () => { throw new Error("wrong"); });
    test("four", ({ skip }) => skip("redis is not installed"));
    test.skip("five", () => {});
  `);
    expect(summary).toBe(
      "skipped: sample.test.js > four: redis is not installed\n" +
        "skipped: sample.test.js > five: no reason given\n" +
        "2 passed, 1 failed, 2 skipped\n",
    );
  },
  SLOW_MS,
);

test(
  "a file that cannot be loaded is a failure",
  async () => {
    expect(await summaryOf(`import "./absent.js"; test("one", () => {});`)).toBe(
      "0 passed, 1 failed, 0 skipped\n",
    );
  },
  SLOW_MS,
);

test(
  "an error outside of every test is a failure",
  async () => {
    expect(
      await summaryOf(`test("one", () => { setTimeout(() => { throw new Error("late"); }); });
    test("two", () => new Promise((resolve) => setTimeout(resolve, 50)));`),
    ).toBe("2 passed, 1 failed, 0 skipped\n");
  },
  SLOW_MS,
);
