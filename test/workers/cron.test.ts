import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { MonitorView } from "@evenkeel/contracts/api";
import { InstanceEvent } from "@evenkeel/contracts/event";
import { LiveView } from "@evenkeel/contracts/live";
import { readMeta, writeMeta } from "@evenkeel/durable-objects/instance/storage";
import { hashSecret } from "@evenkeel/workers/auth/secrets";
import { runEveryMinute } from "@evenkeel/workers/cron/every-minute";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  type Arranged,
  arrange,
  ask,
  becomeOwner,
  type Caller,
  call,
  createMonitor,
  createToken,
} from "./control-plane.ts";

let owner: Caller;
let arranged: Arranged;

function minutePasses(at = Date.now()): Promise<void> {
  return runEveryMinute(env, at);
}

const stub = () => env.INSTANCE.getByName(arranged.instanceId);

beforeAll(async () => {
  owner = await becomeOwner();
  arranged = await arrange(owner);
});

describe("the minute's pass", () => {
  it("prunes what is over and nothing else", async () => {
    const [kept] = await counts("sessions", "api_tokens");
    await env.DB.prepare(
      "insert into sessions select 'ses_old', user_id, 'old', 0, 1 from sessions limit 1",
    ).run();
    await minutePasses();
    expect(await counts("sessions", "api_tokens")).toEqual([kept, (await counts("api_tokens"))[0]]);
    await minutePasses(Date.now() + 30 * 86_400_000);
    expect(await counts("sessions")).toEqual([0]);
    expect((await counts("api_tokens"))[0]).toBeGreaterThan(0);
  });

  it("publishes a change whose plan was lost, and does nothing more when it runs twice", async () => {
    await env.DB.prepare("update instances set name = 'renamed', revision = revision + 1 where id = ?")
      .bind(arranged.instanceId)
      .run();
    await minutePasses();
    expect(await call(owner, "GET", `${arranged.path}/live`)).toMatchObject({ body: { name: "renamed" } });
    const version = await planVersion();
    await Promise.all([minutePasses(), minutePasses()]);
    expect(await planVersion()).toBe(version);
  });

  it("teaches every instance who may switch, before they ever came", async () => {
    const token = await createToken(owner, "operator");
    expect(await stub().recognise(await hashSecret(token))).toBeNull();
    await minutePasses();
    expect(await stub().recognise(await hashSecret(token))).toMatchObject({ role: "operator" });
  });

  it("brings the audit of commands home, once", async () => {
    const monitor = await createMonitor(owner, arranged);
    const command = { to: "dc2", expectedEpoch: 1, idempotencyKey: "audited command" };
    await call(owner, "POST", `${arranged.path}/monitors/${monitor.id}/switch`, command);
    await minutePasses();
    await minutePasses();
    const { results } = await env.DB.prepare(
      "select action, principal, after from audit where resource = ? and action = 'switch'",
    )
      .bind(monitor.id)
      .all<{ action: string; principal: string; after: string }>();
    expect(results).toHaveLength(1);
    expect(JSON.parse(results[0]?.after ?? "")).toMatchObject(command);
    expect(await stub().listAudit(10)).toEqual([]);
  });
});

describe("public targets", () => {
  const asked: { url: string; init: RequestInit }[] = [];
  let answer: () => Promise<Response> = async () => new Response("", { status: 200 });
  let path = "";

  beforeAll(async () => {
    const config = (host: string, fromEdge: boolean) => ({ host, port: 8080, fromEdge });
    const monitor = await ask(owner, "POST", `${arranged.path}/monitors`, MonitorView, {
      kind: "fakeapi",
      applicationId: arranged.applicationId,
      common: {},
      timing: { unhealthyThreshold: 2 },
      dataCentres: [
        { name: "dc1", site: "dc1", config: config("shop.example.com", true) },
        { name: "dc2", site: "dc2", config: config("10.0.0.2", false) },
      ],
    });
    path = `${arranged.path}/events?monitorId=${monitor.id}&limit=50`;
  });
  beforeEach(() => {
    vi.spyOn(globalThis, "fetch").mockImplementation((url, init) => {
      asked.push({ url: String(url), init: init ?? {} });
      return answer();
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  /** A minute's pass, a minute after the last one as far as the sights of the object can tell. */
  async function nextMinute() {
    await runInDurableObject(stub(), (_, { storage }) => {
      const stored = readMeta(storage.sql, "edge-sights") ?? "{}";
      const earlier = stored.replaceAll(
        /"atMs":(\d+)/g,
        (_found, at: string) => `"atMs":${Number(at) - 60_000}`,
      );
      writeMeta(storage.sql, "edge-sights", earlier);
    });
    await evictDurableObject(stub());
    await minutePasses();
  }
  const sight = async () => {
    const view = await ask(owner, "GET", `${arranged.path}/live`, LiveView);
    const monitor = view.monitors.find(({ kind }) => kind === "fakeapi");
    return monitor?.dataCentres.map(({ edge }) => edge ?? null);
  };
  const events = async () =>
    (await ask(owner, "GET", path, z.object({ items: z.array(InstanceEvent) }))).items.map(
      ({ type }) => type,
    );

  it("are asked once, as the public does, and only those that people declared public", async () => {
    await minutePasses();
    expect(asked).toHaveLength(1);
    expect(asked[0]?.url).toBe("http://shop.example.com:8080/");
    expect(asked[0]?.init).toMatchObject({ method: "GET", redirect: "manual", cache: "no-store" });
    expect(await sight()).toMatchObject([
      { verdict: "up", words: 'asked: {"status":200}', healthy: true },
      null,
    ]);
  });

  it("count once a minute however often the pass runs, and are told when they fail and recover", async () => {
    answer = () => Promise.reject(new Error("Network connection lost."));
    await nextMinute();
    await minutePasses();
    expect(await sight()).toMatchObject([{ verdict: "down", healthy: true, inARow: 1 }, null]);
    expect(await events()).not.toContain("edge-failed");
    await nextMinute();
    expect(await sight()).toMatchObject([{ words: "not asked: failed", healthy: false }, null]);
    expect((await events())[0]).toBe("edge-failed");
    answer = async () => new Response("", { status: 200 });
    await nextMinute();
    expect(await sight()).toMatchObject([{ healthy: true }, null]);
    expect((await events())[0]).toBe("edge-recovered");
  });
});

async function counts(...tables: string[]): Promise<number[]> {
  const rows = await env.DB.batch<{ n: number }>(
    tables.map((table) => env.DB.prepare(`select count(*) n from ${table}`)),
  );
  return rows.map(({ results }) => results[0]?.n ?? -1);
}

async function planVersion(): Promise<number | undefined> {
  const row = await env.DB.prepare("select version from plans where instance_id = ?")
    .bind(arranged.instanceId)
    .first<{ version: number }>();
  return row?.version;
}
