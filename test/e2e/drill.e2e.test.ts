import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { findFetched } from "../../lab/setup/fetched-engines.ts";

const Ms = z.number().nullable();
const Spread = z.object({ min: z.number(), median: z.number(), max: z.number() }).nullable();
/** What the drill promises to print. */
const Report = z.object({
  engine: z.string(),
  fault: z.string(),
  profile: z.string(),
  runs: z.array(
    z.object({
      outageMs: z.number(),
      firstFailureMs: Ms,
      detectedMs: Ms,
      decidedMs: Ms,
      routeWrittenMs: Ms,
      followedMs: Ms,
      recoveredMs: Ms,
      afterDecisionMs: Ms,
      errors: z.record(z.string(), z.number()),
      acknowledgedWritesLost: z.number(),
      epochBefore: z.number(),
      epochAfter: z.number(),
      switched: z.boolean(),
      ruleId: z.string().nullable(),
      because: z.string().nullable(),
    }),
  ),
  summary: z.object({ outageMs: Spread, afterDecisionMs: Spread }),
});

async function drill(args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const state = mkdtempSync(join(tmpdir(), "evenkeel-drill-"));
  const child = spawn(process.execPath, ["lab/drill/main.ts", ...args, "--offset", "4600", "--state", state]);
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  child.stderr.on("data", (chunk) => (err += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, err };
}

/** Engines that have to be fetched first, each with the fault that the other one does not have here. */
const FETCHED = [
  { engine: "mongodb", fault: "kill", from: "ferretdb" },
  { engine: "elasticsearch", fault: "stop", from: "elasticsearch" },
] as const;

describe("npm run drill", () => {
  it("prints what it promises for a death that is survived", async () => {
    const { code, out, err } = await drill([
      "--engine",
      "redis",
      "--fault",
      "kill",
      "--runs",
      "2",
      "--profile",
      "fast",
      "--json",
    ]);
    expect(code, err).toBe(0);
    const report = Report.parse(JSON.parse(out));
    expect(report.runs).toHaveLength(2);
    for (const run of report.runs) {
      expect(run).toMatchObject({
        switched: true,
        ruleId: "ARB-26",
        epochAfter: run.epochBefore + 1,
        acknowledgedWritesLost: 0,
      });
      const order = [run.detectedMs, run.decidedMs, run.recoveredMs].map(Number);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      expect(run.outageMs).toBeGreaterThan(900);
    }
    expect(report.summary.outageMs?.max).toBe(Math.max(...report.runs.map((run) => run.outageMs)));
  });

  it.for(FETCHED)("$engine lives through $fault of its home", async ({ engine, fault, from }, { skip }) => {
    const found = findFetched(from);
    if ("missing" in found) return skip(found.missing);
    const args = ["--engine", engine, "--fault", fault, "--runs", "1", "--profile", "fast", "--json"];
    const { code, out, err } = await drill(args);
    expect(code, err).toBe(0);
    const [run] = Report.parse(JSON.parse(out)).runs;
    expect(run).toMatchObject({ switched: true, ruleId: "ARB-26", acknowledgedWritesLost: 0 });
    expect(run?.recoveredMs).not.toBeNull();
  });

  it("says what is wrong with its arguments", async () => {
    const { code, err } = await drill(["--fault", "earthquake"]);
    expect(code).toBe(1);
    expect(err).toContain("--fault");
    expect(err).toContain("blackhole");
  });
});
