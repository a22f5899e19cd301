import { ETCD_MEMBERS, type EtcdHandle, startEtcd } from "@evenkeel/lab/engines/etcd";
import { callEtcd } from "@evenkeel/lab/engines/etcd-gateway";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { eventually } from "../../eventually.ts";
import { type EngineLab, findShownPasswords, openEngineLab, requireHandle } from "./engine-lab.ts";

const tokenSchema = z.object({ token: z.string() });
const rangeSchema = z.object({ kvs: z.array(z.object({ value: z.string() })).optional() });
const ELECTION = { timeout: 20_000, interval: 20 };

let lab: EngineLab;
let etcd: EtcdHandle;

const start = async (): Promise<void> => {
  etcd = requireHandle(await startEtcd(await lab.request("etcd")));
};

beforeAll(async () => {
  lab = await openEngineLab();
  await start();
});
afterAll(async () => await lab.remove());

const encode = (text: string): string => Buffer.from(text).toString("base64");

async function logIn({ user, password }: { user: string; password: string }): Promise<string> {
  const answer = await callEtcd(
    etcd.endpoints[0] ?? "",
    "auth/authenticate",
    { name: user, password },
    tokenSchema,
  );
  if (!answer.ok) throw new Error(answer.message);
  return answer.body.token;
}

async function put(account: { user: string; password: string }, key: string, value: string) {
  const request = { key: encode(key), value: encode(value) };
  return await callEtcd(etcd.endpoints[0] ?? "", "kv/put", request, z.unknown(), {
    token: await logIn(account),
  });
}

async function get(account: { user: string; password: string }, key: string): Promise<string | undefined> {
  const request = { key: encode(key) };
  const token = await logIn(account);
  const answer = await callEtcd(etcd.endpoints[0] ?? "", "kv/range", request, rangeSchema, { token });
  if (!answer.ok) throw new Error(answer.message);
  const [found] = answer.body.kvs ?? [];
  return found === undefined ? undefined : Buffer.from(found.value, "base64").toString();
}

test("three members agree on a leader", async () => {
  expect(Object.keys(etcd.members)).toEqual([...ETCD_MEMBERS]);
  await eventually(async () => expect(ETCD_MEMBERS).toContain(await etcd.leader()), ELECTION);
});

test.each(["/evenkeel/v1/i/route", "/mas-monitor/status/active"])(
  "%s: agents write it, SDKs read it",
  async (key) => {
    const { agent, sdk } = etcd.users;
    expect(await put(agent, key, "dc1")).toMatchObject({ ok: true });
    expect(await get(sdk, key)).toBe("dc1");
    expect(await put(sdk, key, "dc2")).toMatchObject({ ok: false, status: 403 });
  },
);

test("neither agents nor SDKs reach other keys, and nobody without a password", async () => {
  const { agent, sdk } = etcd.users;
  expect(await put(agent, "/evenkeem", "x")).toMatchObject({ ok: false, status: 403 });
  await expect(get(sdk, "/other")).rejects.toThrow("permission denied");
  const request = { key: encode("/evenkeel/v1/i/route") };
  expect(await callEtcd(etcd.endpoints[0] ?? "", "kv/range", request, rangeSchema)).toMatchObject({
    ok: false,
  });
});

test("no password stands in a command line or in a log", () => {
  expect(findShownPasswords(lab)).toEqual([]);
});

test("the leadership can be handed to any member", async () => {
  for (const member of ETCD_MEMBERS) {
    await eventually(async () => expect(await etcd.moveLeader(member)).toBe(true), ELECTION);
    await eventually(async () => expect(await etcd.leader()).toBe(member), ELECTION);
  }
});

test.each(["kill", "stop"] as const)(
  "when the leader is gone (%s) another member leads and keys are kept",
  async (fault) => {
    await put(etcd.users.agent, "/evenkeel/kept", fault);
    // Not dc1: the questions of this test go there.
    await eventually(async () => expect(await etcd.moveLeader("witness")).toBe(true), ELECTION);
    const { process: leader } = etcd.members.witness;
    await leader[fault]();
    await eventually(async () => expect(["dc1", "dc2"]).toContain(await etcd.leader()), ELECTION);
    expect(await get(etcd.users.sdk, "/evenkeel/kept")).toBe(fault);
    expect(await leader.revive()).toEqual({ ok: true });
    await eventually(async () => expect(await etcd.moveLeader("witness")).toBe(true), ELECTION);
  },
);

test("a second start uses the same data, accounts and passwords", async () => {
  const { users } = etcd;
  await put(users.agent, "/evenkeel/kept", "again");
  await lab.restart();
  await start();
  expect(etcd.users).toEqual(users);
  expect(await get(users.sdk, "/evenkeel/kept")).toBe("again");
});
