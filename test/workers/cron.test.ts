import { env } from "cloudflare:workers";
import { hashSecret } from "@evenkeel/workers/auth/secrets";
import { runEveryMinute } from "@evenkeel/workers/cron/every-minute";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Arranged,
  arrange,
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
