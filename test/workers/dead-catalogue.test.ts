import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { EdgeFrame } from "@evenkeel/contracts/agent-protocol";
import type { MonitorView } from "@evenkeel/contracts/api";
import { CommandResult } from "@evenkeel/contracts/command";
import { LiveView } from "@evenkeel/contracts/live";
import { app } from "@evenkeel/workers/app";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type Arranged,
  arrange,
  ask,
  BASE,
  becomeOwner,
  type Caller,
  call,
  createMonitor,
  createToken,
} from "./control-plane.ts";
import { type EnrolledAgent, enrol, FakeAgent, join, sees } from "./fake-agent.ts";

/** A D1 whose every use fails. */
const broken = new Proxy(
  {},
  {
    get: (_, name) => () => {
      throw new Error(`D1_ERROR: ${String(name)}: disk image is malformed`);
    },
  },
) as D1Database;

/** A D1 that never answers. */
const mute = new Proxy({}, { get: () => () => new Promise(() => undefined) }) as D1Database;
const silent = new Proxy(
  {},
  {
    get: (_, name) =>
      name === "prepare" ? () => ({ bind: () => mute, ...spread(mute) }) : () => new Promise(() => undefined),
  },
) as D1Database;

function spread(database: D1Database): object {
  const { run, all, first, raw } = database as unknown as Record<string, unknown>;
  return { run, all, first, raw };
}

let owner: Caller;
let arranged: Arranged;
let agent: EnrolledAgent;
let monitor: MonitorView;

/** The Worker's real code with another D1. */
async function callWith(database: D1Database, caller: Caller, method: string, path: string, body?: unknown) {
  const context = createExecutionContext();
  const request = new Request(`${BASE}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${caller.token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...caller.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const response = await app.fetch(request, { ...env, DB: database }, context);
  await waitOnExecutionContext(context);
  return response;
}

beforeAll(async () => {
  owner = await becomeOwner();
  arranged = await arrange(owner);
  agent = await enrol(owner, arranged, "dc1");
  await call(owner, "PUT", `${arranged.path}/stores/main`, { endpoints: ["http://10.0.0.1:2379"] });
  monitor = await createMonitor(owner, arranged);
  // The Instance learns a caller from its first request while the catalogue lives.
  await ask(owner, "GET", `${arranged.path}/live`, LiveView);
});

describe("with a dead catalogue", () => {
  it("the live picture is shown to those whom the instance knows", async () => {
    const response = await callWith(broken, owner, "GET", `${arranged.path}/live`);
    expect(LiveView.parse(await response.json()).instanceId).toBe(arranged.instanceId);
  });

  it("an operator's switch works, from the agent's answer to the stored route", async () => {
    const connected = await join(agent);
    connected.report([sees(monitor.id, "dc1"), sees(monitor.id, "dc2")], "any", true);
    await connected.take("ack");
    const command = {
      to: "dc2",
      expectedEpoch: 1,
      idempotencyKey: "while D1 is dead",
      force: true,
      reason: "drill",
    };
    const path = `${arranged.path}/monitors/${monitor.id}/switch`;
    const answer = callWith(broken, owner, "POST", path, command);
    const [write] = (await connected.take("write-routes")).writes;
    if (write === undefined) throw new Error("nothing to write");
    const { monitorId, route, step } = write;
    const store = (await storeId()) ?? "";
    const outcome = { result: "stored" as const, written: true };
    connected.send({
      type: "written",
      results: [{ monitorId, store, epoch: route.epoch, step, tookMs: 1, outcome }],
    });
    const result = CommandResult.parse(await (await answer).json());
    expect(result).toMatchObject({ status: "done", epoch: 2, active: "dc2" });
    connected.close();
  });

  it("an agent connects, because its instance knows it by the hash of its token", async () => {
    const headers = { upgrade: "websocket" };
    const response = await callWith(broken, { token: agent.agentToken, headers }, "GET", "/agents/connect");
    if (response.webSocket === null) throw new Error(`refused: ${response.status}`);
    const connected = new FakeAgent(response.webSocket);
    connected.hello();
    expect(EdgeFrame.parse(await connected.take("welcome"))).toMatchObject({ agentId: agent.agentId });
    connected.close();
    const forged = `${agent.agentToken.slice(0, -2)}AA`;
    expect((await callWith(broken, { token: forged, headers }, "GET", "/agents/connect")).status).toBe(401);
  });

  it("roles hold all the same, and strangers are not let in", async () => {
    const viewer = { token: await createToken(owner, "viewer") };
    await call(viewer, "GET", `${arranged.path}/live`);
    const command = { to: "dc1", expectedEpoch: 2, idempotencyKey: "not allowed" };
    const path = `${arranged.path}/monitors/${monitor.id}/switch`;
    expect((await callWith(broken, viewer, "GET", `${arranged.path}/live`)).status).toBe(200);
    expect((await callWith(broken, viewer, "POST", path, command)).status).toBe(403);
    const stranger = { token: await createToken(owner, "owner") };
    expect((await callWith(broken, stranger, "POST", path, command)).status).toBe(503);
  });

  it("a deleted token is refused by the instance as well", async () => {
    const caller = { token: await createToken(owner, "operator") };
    await call(caller, "GET", `${arranged.path}/live`);
    const { items } = await ask(
      owner,
      "GET",
      "/tokens",
      z.object({ items: z.array(z.object({ id: z.string() })) }),
    );
    const id = items.at(-1)?.id ?? "";
    expect((await call(owner, "DELETE", `/tokens/${id}`)).status).toBe(204);
    expect((await callWith(broken, caller, "GET", `${arranged.path}/live`)).status).toBe(503);
  });

  it("the catalogue's own paths say so, as worth a later try", async () => {
    for (const [method, path] of [
      ["GET", "/namespaces"],
      ["GET", `${arranged.path}/monitors`],
      ["POST", "/session"],
    ] as const) {
      const response = await callWith(
        broken,
        owner,
        method,
        path,
        method === "POST" ? { name: "a", password: "b" } : undefined,
      );
      expect(await response.json()).toMatchObject({ code: "catalogue-unavailable", retryable: true });
    }
  });

  it("a catalogue that never answers is not waited for longer than its patience", async () => {
    const response = await callWith(silent, owner, "GET", `${arranged.path}/live`);
    expect(response.status).toBe(200);
  });
});

async function storeId(): Promise<string | undefined> {
  const view = await ask(owner, "GET", `${arranged.path}/live`, LiveView);
  return view.stores[0]?.id;
}
