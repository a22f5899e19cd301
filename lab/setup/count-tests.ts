import { writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Where the summary goes; the bootstrap prints it as the last thing of a run. */
const SUMMARY_FILE_VARIABLE = "EVENKEEL_TEST_SUMMARY";

/** One line for a test that did not run, with the reason that it gave. */
function describeSkipped(test: TestCase): string {
  const result = test.result();
  const note = "note" in result && result.note !== undefined ? result.note : "no reason given";
  return `skipped: ${test.module.relativeModuleId} > ${test.fullName}: ${note}`;
}

/**
 * Counts what became of the tests. A file that could not be loaded, or that failed outside of its tests, counts as one
 * failure, and so does an error that belongs to no file.
 * @returns a line for each skipped test and last `N passed, N failed, N skipped`
 */
export function summarise(modules: readonly TestModule[], errorsOutside: number): string {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
  const brokenFiles = modules.filter((module) => module.errors().length > 0).length;
  const skipped = tests.filter((test) => test.result().state === "skipped");
  const failed = count("failed") + count("pending") + brokenFiles + errorsOutside;
  const total = `${count("passed")} passed, ${failed} failed, ${skipped.length} skipped`;
  return `${[...skipped.map(describeSkipped), total].join("\n")}\n`;
}

/**
 * Vitest's reporter for `npm test`: leaves the summary in the file that the bootstrap names. A class, for Vitest makes
 * its reporters with `new`.
 */
export default class CountTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env[SUMMARY_FILE_VARIABLE];
    if (file !== undefined) writeFileSync(file, summarise(modules, unhandledErrors.length));
  }
}
