import { execFile } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { AgentView, MonitorView } from "@evenkeel/contracts/api";
import { StoreView } from "@evenkeel/contracts/api-stores";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { z } from "zod";
import { createEnrolmentToken } from "../../lab/arrange/arrange.ts";
import { readMonitor, startTestLab, type TestLab, until, untilHealthy } from "./with-lab.ts";

let test: TestLab;

beforeAll(async () => {
  test = await startTestLab(4400, ["redis"]);
});
afterAll(() => test?.end());

async function enrol(token: string): Promise<{ code: number; words: string; stateDir: string }> {
  const stateDir = join(mkdtempSync(join(tmpdir(), "evenkeel-enrol-")), "state");
  const args = ["agents/main.ts", "enrol", "--url", test.lab.api.url, "--name", "stray", "--state", stateDir];
  const env = { ...process.env, EVENKEEL_ENROLMENT_TOKEN: token };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    return { code: 0, words: stdout, stateDir };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, words: stderr, stateDir };
  }
}

describe("a wrong enrolment token", () => {
  it("is refused in one sentence that does not show it, and nothing is left half-created", async () => {
    const wrong = "evk_enrol_abcdef.this-is-not-a-token-of-ours-00000000000000";
    const { lab } = test;
    const refused = await enrol(wrong);
    expect(refused.code).toBe(1);
    expect(refused.words).toContain("token");
    expect(refused.words).not.toContain("this-is-not-a-token");
    expect(existsSync(join(refused.stateDir, "identity.json"))).toBe(false);
    const agents = await lab.api.get(
      `/instances/${lab.arrangement.instanceId}/agents`,
      z.object({ items: z.array(AgentView) }),
    );
    expect(agents.items.map((agent) => agent.name)).not.toContain("stray");
  });

  it("works once only", async () => {
    const { lab } = test;
    const token = await createEnrolmentToken(
      lab.api,
      lab.arrangement.instanceId,
      lab.arrangement.sites.witness ?? "",
    );
    expect((await enrol(token)).code).toBe(0);
    const again = await enrol(token);
    expect(again.code).toBe(1);
    expect(again.words).toContain("token-used");
  });
});

describe("frames that cannot be read", () => {
  it("close the connection with a reason, and the agents go on", async () => {
    const { lab } = test;
    const refused = new WebSocket(`${lab.api.url.replace("http", "ws")}/api/v1/agents/connect`, {
      headers: { authorization: "Bearer evk_agent_nobody.0000000000000000000000000000000000000000000" },
    });
    const status = await new Promise<number>((resolve) => {
      refused.once("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
      refused.once("open", () => resolve(101));
      refused.on("error", () => undefined);
    });
    expect(status).toBe(401);
    const before = await readMonitor(lab, "redis");
    await untilHealthy(lab);
    expect((await readMonitor(lab, "redis")).epoch).toBe(before.epoch);
  });
});

describe("a wrong etcd password", () => {
  it("is named as the store's refusal, moves nothing, and is mended by entering the right one", async () => {
    const { lab } = test;
    const path = `/instances/${lab.arrangement.instanceId}/stores/main`;
    const { endpoints, users } = lab.etcd;
    const { agent } = users;
    await lab.api.send("PUT", path, { endpoints, user: agent.user, password: "not-the-password" }, StoreView);
    const view = await until(
      "the refusal to be shown",
      () => lab.view(),
      (live) => live.stores.some((store) => !store.reachable),
    );
    expect(view.stores[0]?.words).toMatch(/password|auth/i);
    expect(JSON.stringify(view)).not.toContain("not-the-password");
    await lab.api.send("PUT", path, { endpoints, ...agent }, StoreView);
    await untilHealthy(lab);
    expect(await readMonitor(lab, "redis")).toMatchObject({ active: "dc1" });
  });
});

describe("a monitor for a database that does not exist", () => {
  it("is shown as failing from the first probe on, with the reason, and never switches", async () => {
    const { lab } = test;
    const path = `/instances/${lab.arrangement.instanceId}/monitors`;
    const created = await lab.api.send(
      "POST",
      path,
      {
        kind: "postgresql",
        name: "nowhere",
        applicationId: lab.arrangement.applicationId,
        common: { user: "nobody", monitoredDatabase: "none", connectedDatabases: ["none"] },
        secret: { password: "none-at-all" },
        dataCentres: ["dc1", "dc2"].map((dc) => ({ name: dc, site: dc, config: { address: "127.0.0.1:2" } })),
      },
      MonitorView,
    );
    const find = async () => (await lab.view()).monitors.find((monitor) => monitor.id === created.id);
    const shown = await until("the state", find, (monitor) => monitor?.state === "init-failed");
    expect(shown?.dataCentres[0]?.words).toContain("127.0.0.1:2");
    expect(shown?.protection.targetLost.level).toBe("off");
    await lab.api.send("DELETE", `${path}/${created.id}`, undefined, z.unknown());
    await until("the removal", find, (monitor) => monitor === undefined);
  });

  it("is refused when its settings are wrong, naming the field and not the value", async () => {
    const { lab } = test;
    const path = `/instances/${lab.arrangement.instanceId}/monitors`;
    const send = (secret: object, address: string) => {
      const dataCentres = [{ name: "dc1", site: "dc1", config: { address } }];
      const body = {
        kind: "redis",
        name: "half",
        applicationId: lab.arrangement.applicationId,
        secret,
        dataCentres,
      };
      return lab.api.send("POST", path, body, MonitorView).catch((error: unknown) => String(error));
    };
    const misspelt = await send({ password: "a-secret-value", pasword: "another-secret" }, "127.0.0.1:6379");
    expect(misspelt).toContain("pasword");
    const noPort = await send({ password: "a-secret-value" }, "no port");
    expect(noPort).toContain("address");
    for (const refused of [misspelt, noPort]) {
      expect(refused).toContain("400");
      expect(refused).not.toContain("a-secret-value");
      expect(refused).not.toContain("another-secret");
    }
    expect((await lab.view()).monitors.map((monitor) => monitor.name)).not.toContain("half");
  });
});
