import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { QUICK_CHECKS } from "@evenkeel/lab/setup/quick-checks";
import { expect, it } from "vitest";

it.each(QUICK_CHECKS)("$name: nothing is wrong", async ({ args }) => {
  const told = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 }).then(
    () => "",
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );
  expect(told).toBe("");
});
