import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { startRedis } from "@evenkeel/lab/engines/redis";
import { redis as plugin } from "@evenkeel/plugins/monitors/redis";
import { REDIS_HEARTBEAT_RIGHTS } from "@evenkeel/plugins/redis-heartbeat";
import { Redis } from "ioredis";
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { whyMissing } from "../lab/engines/engine-lab.ts";
import { SOURCE, startBeating } from "./beating.ts";
import { useTwoServers } from "./two-servers.ts";

const missing = await whyMissing("redis");
const LOGIN = { user: "evenkeel_heartbeat", password: "heartbeat-password" };
const KEY = `evenkeel:probe:${SOURCE}`;

describe.skipIf(missing !== undefined)(`heartbeats in Redis ${missing ?? ""}`, () => {
  const servers = useTwoServers(plugin, "redis", "redis-admin", startRedis);
  async function ask(dataCentre: "dc1" | "dc2", ...command: string[]): Promise<unknown> {
    const { host, port, user: username, password } = servers.admin(dataCentre);
    const redis = new Redis({ host, port, username, password, lazyConnect: true });
    try {
      await redis.connect();
      const [name = "", ...rest] = command;
      return await redis.call(name, ...rest);
    } finally {
      redis.disconnect();
    }
  }
  const setAccount = async (dataCentre: "dc1" | "dc2", rights: string) =>
    await ask(
      dataCentre,
      ...`ACL SETUSER ${LOGIN.user} on >${LOGIN.password} resetkeys resetchannels ${rights}`.split(" "),
    );

  beforeAll(async () => {
    for (const dataCentre of ["dc1", "dc2"] as const) await setAccount(dataCentre, REDIS_HEARTBEAT_RIGHTS);
  });

  test("are written to the active side only, by an account that may do nothing else", async () => {
    const beating = await startBeating(servers, LOGIN);
    await beating.expect("dc1", { judgement: { verdict: "up" }, heartbeat: { writable: true, rpoMs: null } });
    // The servers know nothing of each other: what stands in dc2 was written by us.
    await eventually(() => expect(beating.see("dc2")?.heartbeat?.rpoMs).toBeGreaterThan(1000));
    expect(await ask("dc2", "GET", KEY)).toBeNull();
    expect(await ask("dc2", "DBSIZE")).toBe(0);
    expect(Number(await ask("dc1", "GET", KEY))).toBeGreaterThan(0);
    // As if replication had carried it.
    const held = String(await ask("dc1", "GET", KEY));
    const before = beating.see("dc2")?.heartbeat?.rpoMs ?? 0;
    await ask("dc2", "SET", KEY, held);
    await eventually(() => expect(beating.see("dc2")?.heartbeat?.rpoMs).toBeLessThan(before));
    await ask("dc2", "DEL", KEY);
    beating.stop();
  });

  test("tell of a server that refuses writes, keeps them back or cannot save, and of their end", async () => {
    const beating = await startBeating(servers, LOGIN);
    const well = { judgement: { verdict: "up" }, heartbeat: { writable: true } };
    await beating.expect("dc1", well);
    await ask("dc1", "CONFIG", "SET", "min-replicas-to-write", "1");
    await beating.expect("dc1", {
      judgement: { verdict: "degraded", reason: "incomplete", code: "NOREPLICAS" },
    });
    await ask("dc1", "CONFIG", "SET", "min-replicas-to-write", "0");
    await beating.expect("dc1", well);
    await ask("dc1", "CLIENT", "PAUSE", "600000", "WRITE");
    await beating.expect("dc1", { judgement: { verdict: "degraded", reason: "timed-out" }, failing: null });
    await ask("dc1", "CLIENT", "UNPAUSE");
    await beating.expect("dc1", well);
    const inTheWay = join(servers.lab().stateDir, "redis", "dc1", "dump.rdb");
    mkdirSync(inTheWay);
    await ask("dc1", "CONFIG", "SET", "save", "3600 1");
    await ask("dc1", "BGSAVE");
    await beating.expect("dc1", { heartbeat: { writable: false, reason: "disk-full", code: "MISCONF" } });
    rmdirSync(inTheWay);
    await ask("dc1", "BGSAVE");
    await beating.expect("dc1", well);
    beating.stop();
  });

  test("name the right that is missing, and leave the verdict alone", async () => {
    await setAccount("dc1", "-@all +get");
    const beating = await startBeating(servers, LOGIN);
    const advice = `ACL SETUSER ${LOGIN.user} ${REDIS_HEARTBEAT_RIGHTS}`;
    await beating.expect("dc1", {
      judgement: { verdict: "up" },
      heartbeat: { writable: null, reason: "permission-denied", code: "NOPERM", advice },
    });
    beating.stop();
    await setAccount("dc1", REDIS_HEARTBEAT_RIGHTS);
  });

  test("of a wrong password leave the verdict alone and say so", async () => {
    const beating = await startBeating(servers, { ...LOGIN, password: "wrong-and-secret" });
    const found = { writable: null, reason: "auth-failed", code: "WRONGPASS" };
    await beating.expect("dc1", { judgement: { verdict: "up" }, heartbeat: found });
    beating.stop();
  });
});
