import { execFile } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { applyFault } from "../../lab/faults/site-faults.ts";
import { eventually } from "../eventually.ts";
import { startTestLab, type TestLab, untilHealthy } from "./with-lab.ts";

const Findings = z.array(
  z.object({
    state: z.enum(["good", "doubtful", "bad"]),
    subject: z.string(),
    words: z.string(),
    fix: z.string().nullable(),
  }),
);
type Findings = z.infer<typeof Findings>;

let test: TestLab;
let stateDir: string;

beforeAll(async () => {
  test = await startTestLab(5200, ["redis"]);
  stateDir = join(test.lab.options.stateDir, "agent-dc1");
  await untilHealthy(test.lab);
});
afterAll(() => test?.end());

/** Runs the doctor as a person would; its exit code says whether something is bad. */
async function consult(...more: string[]): Promise<{ code: number; words: string }> {
  const args = ["agents/main.ts", "doctor", "--state", stateDir, ...more];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return { code: 0, words: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, words: stdout + stderr };
  }
}

/** Finds what is bad once that is as many things as expected: etcd may be electing a leader at first. */
async function findBad(count: number): Promise<Findings> {
  return eventually(async () => {
    const { code, words } = await consult("--json");
    const found = Findings.parse(JSON.parse(words)).filter((finding) => finding.state === "bad");
    expect(code).toBe(found.length === 0 ? 0 : 1);
    expect(found.map(({ subject }) => subject)).toHaveLength(count);
    return found;
  });
}

it("finds a healthy agent healthy, beside it, and shows no secret", async () => {
  const { code, words } = await consult();
  expect(words).toContain("0 bad");
  expect(code).toBe(0);
  expect(words).toMatch(/ok +control plane: knows this agent as agent-dc1/);
  expect(words).toMatch(/ok +clock: agrees/);
  expect(words.match(/ok +store .*may write/g)).toHaveLength(3);
  expect(words).toMatch(/ok +\S+ \(redis\) in dc1: up/);
  const identity = JSON.parse(readFileSync(join(stateDir, "identity.json"), "utf8")) as {
    agentToken: string;
    privateKey: { d: string };
  };
  for (const secret of [identity.agentToken, identity.privateKey.d]) expect(words).not.toContain(secret);
  // The agent itself was not pushed out.
  expect((await test.lab.view()).agents.every((agent) => agent.connected)).toBe(true);
});

it("tells a dead target and a dead member of the store apart from the rest, and what to do", async () => {
  await applyFault(test.lab, "kill", "redis-dc2");
  await applyFault(test.lab, "kill", "etcd-witness");
  try {
    const found = await findBad(2);
    expect(found.map(({ subject }) => subject.split(" ")[0]).sort()).toEqual(["orders-redis", "store"]);
    for (const finding of found) expect(finding.words).toMatch(/refused|ECONNREFUSED/);
  } finally {
    await applyFault(test.lab, "revive", "redis-dc2");
    await applyFault(test.lab, "revive", "etcd-witness");
  }
});

it("tells that the control plane is not there", async () => {
  await test.lab.controlPlane.kill();
  const found = await findBad(1);
  expect(await test.lab.controlPlane.revive()).toEqual({ ok: true });
  expect(found).toEqual([
    expect.objectContaining({
      words: expect.stringContaining("ECONNREFUSED"),
      fix: expect.stringContaining("firewall"),
    }),
  ]);
  await untilHealthy(test.lab);
});

it("tells that others may read the agent's secrets, with the command that ends it", async () => {
  const path = join(stateDir, "identity.json");
  chmodSync(path, 0o644);
  const found = await findBad(1);
  chmodSync(path, 0o600);
  expect(found).toEqual([expect.objectContaining({ subject: path, fix: `chmod 600 ${path}` })]);
});

it("tells that the agent was removed", async () => {
  const { lab } = test;
  const [agent] = (await lab.view()).agents.filter(({ name }) => name === "agent-dc1");
  const path = `/instances/${lab.arrangement.instanceId}/agents/${agent?.id}`;
  await lab.api.send("DELETE", path, undefined, z.unknown());
  await eventually(async () => {
    const { words } = await consult("--json");
    expect(Findings.parse(JSON.parse(words))).toContainEqual(
      expect.objectContaining({ subject: "control plane", fix: expect.stringContaining("enrol it again") }),
    );
  });
});
