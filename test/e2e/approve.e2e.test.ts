import { type ChildProcess, execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createEnrolmentToken, listAgents } from "../../lab/arrange/arrange.ts";
import { readMonitor, startTestLab, type TestLab, until, untilHealthy } from "./with-lab.ts";

const ENGINE = "redis";

let test: TestLab;
let late: ChildProcess | null = null;

beforeAll(async () => {
  test = await startTestLab(5600, [ENGINE]);
  await untilHealthy(test.lab);
});
afterAll(async () => {
  late?.kill("SIGKILL");
  await test?.end();
});

interface Ran {
  readonly code: number;
  readonly words: string;
}

/** Runs a verb of the agent as a person would. */
async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  try {
    const options = { env: { ...process.env, ...env } };
    const { stdout } = await promisify(execFile)(process.execPath, ["agents/main.ts", ...args], options);
    return { code: 0, words: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, words: stdout + stderr };
  }
}

const stateOf = (name: string) => join(test.lab.options.stateDir, name);

/** What the late agent's doctor says is bad. */
async function listBad(): Promise<string[]> {
  const { words } = await run(["doctor", "--state", stateOf("agent-late"), "--json"]);
  const findings = JSON.parse(words) as { state: string; subject: string; words: string }[];
  return findings
    .filter(({ state }) => state === "bad")
    .map(({ subject, words: found }) => `${subject}: ${found}`);
}

it("an agent that is enrolled later cannot open what was sealed before it came", async () => {
  const { lab } = test;
  const { instanceId, sites } = lab.arrangement;
  const token = await createEnrolmentToken(lab.api, instanceId, sites.witness ?? "");
  const enrolled = await run(
    ["enrol", "--url", lab.api.url, "--name", "agent-late", "--state", stateOf("agent-late")],
    { EVENKEEL_ENROLMENT_TOKEN: token },
  );
  expect(enrolled.words).toContain("evenkeel-agent approve");
  late = spawn(process.execPath, ["agents/main.ts", "run", "--state", stateOf("agent-late")], {
    stdio: "ignore",
  });
  const bad = await until("the late agent's plan", listBad, (found) => found.length >= 3);
  for (const found of bad) expect(found).toContain("were not sealed to this agent");
});

it("a wrong key approves nobody", async () => {
  const refused = await run(["approve", "x".repeat(43), "--state", stateOf("agent-dc1")]);
  expect(refused.code).toBe(1);
  expect(refused.words).toContain("no agent of this instance has the key");
});

it("is given everything by an agent that can open it, and nobody else begins anew", async () => {
  const { lab } = test;
  const agents = await listAgents(lab.api, lab.arrangement.instanceId);
  const fingerprint = agents.find(({ name }) => name === "agent-late")?.fingerprint ?? "";
  const healthy = async () => (await readMonitor(lab, ENGINE)).dataCentres.map((dc) => dc.healthyForMs ?? 0);
  const before = await healthy();
  const approved = await run(["approve", fingerprint, "--state", stateOf("agent-dc1")]);
  expect(approved.words).toMatch(/agent-late of site witness was given 3 secrets/);
  expect(approved.code).toBe(0);
  await until("credentials at the late agent", listBad, (found) => found.length === 0);
  // The others' probers and what they know were kept.
  for (const [at, ms] of (await healthy()).entries()) expect(ms).toBeGreaterThan(before[at] ?? 0);
  // A second approval finds nothing left to give.
  const again = await run(["approve", fingerprint, "--state", stateOf("agent-dc2")]);
  expect(again.words).toContain("was given 0 secrets");
});
