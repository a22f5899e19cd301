import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";

/** `expect.poll` gives up after a second by itself, which a busy machine sometimes needs. */
const PATIENT = { poll: { timeout: 15_000 } };

/** Tests that need no engine, browser or workerd: they are part of `npm run check`. */
const FAST = {
  name: "fast",
  include: ["test/**/*.test.ts"],
  exclude: ["test/**/*.{engine,browser,e2e}.test.ts", "test/workers/**", "test/durable-objects/**"],
  testTimeout: 20_000,
  expect: PATIENT,
};

/** A project that starts real processes: one file after the other, and one project too, because two cores carry one lab. */
function serial(name: string, include: string, testTimeout: number, groupOrder: number) {
  return {
    test: {
      name,
      include: [include],
      fileParallelism: false,
      testTimeout,
      hookTimeout: testTimeout,
      expect: PATIENT,
      sequence: { groupOrder },
    },
  };
}

const WORKERS_PROJECT = "./test/workers/vitest.config.ts";

export default defineConfig({
  test: {
    projects: [
      { test: { ...FAST, sequence: { groupOrder: 0 } } },
      ...(existsSync(WORKERS_PROJECT) ? [WORKERS_PROJECT] : []),
      serial("engine", "test/**/*.engine.test.ts", 120_000, 10),
      serial("browser", "test/**/*.browser.test.ts", 120_000, 20),
      serial("e2e", "test/**/*.e2e.test.ts", 240_000, 30),
    ],
  },
});
