import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import { type Check, QUICK_CHECKS } from "./setup/quick-checks.ts";

/** Everything that a change must pass before it is committed, in two waves: what is quick to fail comes first. */
const WAVES: readonly (readonly Check[])[] = [
  QUICK_CHECKS,
  [
    {
      name: "fast tests",
      args: [
        ...["node_modules/vitest/vitest.mjs", "run", "--project", "fast", "--reporter=dot"],
        // Many wait for sockets and processes, so that more of them than cores have room.
        "--maxWorkers=4",
        // Files share their workers here, which halves the time. CI gives each its own, so that none can lean on another.
        "--no-isolate",
      ],
    },
  ],
];
/** Checks that run at one time: the machine has two cores. */
const AT_ONCE = 2;

async function run(check: Check): Promise<boolean> {
  const startedAtMs = performance.now();
  const child = spawn(process.execPath, check.args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? "ok  " : "FAIL"} ${check.name} (${seconds} s)\n`);
  if (code !== 0) process.stdout.write(`${output}\n`);
  return code === 0;
}

async function runWave(wave: readonly Check[]): Promise<boolean> {
  const waiting = [...wave];
  let passed = true;
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift())
      passed = (await run(check)) && passed;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return passed;
}

let passed = true;
for (const wave of WAVES) passed = passed && (await runWave(wave));
process.exitCode = passed ? 0 : 1;
