import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AgentIdentity, loadIdentity, saveIdentity } from "../../agents/identity.ts";
import { keepPeers, keepPlan, loadPeers, loadPlan } from "../../agents/plan-file.ts";
import { makePlan } from "../core/arbitration/world.ts";

const TOKEN = "agent-token-0123456789";
const IDENTITY: AgentIdentity = {
  ...{ v: 1, url: "https://evenkeel.example.com", agentId: "agt_one001", instanceId: "ins_test01" },
  ...{ site: "s1", siteName: "dc1", name: "one", agentToken: TOKEN },
  privateKey: { kty: "EC", d: "private-part-of-the-key" },
};

let parent: string;
let stateDir: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "evenkeel-state-"));
  stateDir = join(parent, "agent");
});
afterEach(() => rm(parent, { recursive: true }));

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

/** The words of an error that must come. */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  const ended = await attempt.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(ended instanceof Error)) throw new Error("it was not refused");
  return ended.message;
}

describe("the agent's identity", () => {
  it("comes back as it was kept, in a file and a directory that only the agent's user may read", async () => {
    await saveIdentity(stateDir, IDENTITY);
    expect(await loadIdentity(stateDir)).toEqual(IDENTITY);
    expect(await modeOf(join(stateDir, "identity.json"))).toBe("600");
    expect(await modeOf(stateDir)).toBe("700");
  });

  it("is private again after a write, even when somebody had opened the file", async () => {
    await saveIdentity(stateDir, IDENTITY);
    await writeFile(join(stateDir, `identity.json.${process.pid}.draft`), "{}", { mode: 0o666 });
    await saveIdentity(stateDir, { ...IDENTITY, name: "two" });
    expect(await modeOf(join(stateDir, "identity.json"))).toBe("600");
    expect(await readdir(stateDir)).toEqual(["identity.json"]);
  });

  it("that is missing says how to enrol", async () => {
    expect(await refusal(loadIdentity(stateDir))).toContain("evenkeel-agent enrol");
  });

  it("that is damaged names the fields and quotes none", async () => {
    await saveIdentity(stateDir, IDENTITY);
    const path = join(stateDir, "identity.json");
    await writeFile(path, JSON.stringify({ ...IDENTITY, agentToken: TOKEN.slice(0, 12), site: "" }));
    const words = await refusal(loadIdentity(stateDir));
    expect(words).toBe(`${path} is damaged (site, agentToken): enrol this agent again`);
    expect(words).not.toContain(TOKEN.slice(0, 12));
  });

  it("that was cut off in the middle says so and quotes nothing", async () => {
    await saveIdentity(stateDir, IDENTITY);
    const path = join(stateDir, "identity.json");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.slice(0, text.indexOf("private-part") + 9));
    expect(await refusal(loadIdentity(stateDir))).toBe(`${path} is not JSON: enrol this agent again`);
  });
});

describe("the kept plan", () => {
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  beforeEach(() => {
    said.length = 0;
  });

  it("comes back as it was kept, in a file that only the agent's user may read", async () => {
    await keepPlan(stateDir, makePlan({}, 7));
    expect(await loadPlan(stateDir, say)).toEqual(makePlan({}, 7));
    expect(await modeOf(join(stateDir, "plan.json"))).toBe("600");
    expect(said).toEqual([]);
  });

  it("that is missing is nothing to speak of", async () => {
    expect(await loadPlan(stateDir, say)).toBeNull();
    expect(said).toEqual([]);
  });

  it.each([
    ["cut off", '{"version": 7, "sealed": "secret-', "SyntaxError"],
    ["of another shape", '{"version": "secret-7"}', "ZodError"],
  ])("that is %s is left aside, in words without its content", async (_, text, kind) => {
    await keepPlan(stateDir, makePlan());
    await writeFile(join(stateDir, "plan.json"), text);
    expect(await loadPlan(stateDir, say)).toBeNull();
    expect(said).toEqual([`the kept plan cannot be read and is left aside (${kind})`]);
  });
});

describe("the kept list of peers", () => {
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  const peers = [
    { agentId: "agt_b", site: "dc2", address: { host: "10.0.0.2", port: 7300 }, publicKey: "{}" },
  ];
  beforeEach(() => {
    said.length = 0;
  });

  it("comes back as it was kept", async () => {
    await keepPeers(stateDir, peers);
    expect(await loadPeers(stateDir, say)).toEqual(peers);
    expect(await modeOf(join(stateDir, "peers.json"))).toBe("600");
  });

  it("is empty if none was kept, and left aside if it cannot be read", async () => {
    expect(await loadPeers(stateDir, say)).toEqual([]);
    expect(said).toEqual([]);
    await keepPeers(stateDir, peers);
    await writeFile(join(stateDir, "peers.json"), '[{"agentId": 7}]');
    expect(await loadPeers(stateDir, say)).toEqual([]);
    expect(said).toEqual(["the kept list of peers cannot be read and is left aside (ZodError)"]);
  });
});
