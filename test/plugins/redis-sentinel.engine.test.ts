import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import {
  type RedisNodeRequest,
  type StartedRedisNode,
  startRedisNode,
} from "@evenkeel/lab/engines/redis-nodes";
import { redis } from "@evenkeel/plugins/monitors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { type EngineLab, openEngineLab, whyMissing } from "../lab/engines/engine-lab.ts";
import { countSockets, openSession } from "./probe-kind.ts";

/** Enough for a busy machine. */
const ACCESS_TIMEOUT_MS = 5000;
/** An election on a busy machine, and another one if the first comes to nothing. */
const LONG = { timeout: 90_000, interval: 50 };
/** How long a server is silent before a sentinel holds it for down: while no test means it to, a busy machine must not. */
const CALM_MS = 90_000;
/** The same where a test waits for it. */
const HASTY_MS = 1000;
const PASSWORD = "a-password-for-tests";
const SENTINEL_PASSWORD = "another-password-for-tests";
const MASTER = "shop";

const missing = await whyMissing("redis");
if (missing !== undefined) test("sentinels are asked", ({ skip }) => skip(missing));

describe.skipIf(missing !== undefined)("Redis with three sentinels", () => {
  let lab: EngineLab;
  let master: StartedRedisNode;
  let replica: StartedRedisNode;
  let sentinels: StartedRedisNode[];

  beforeAll(async () => {
    lab = await openEngineLab();
    const request: RedisNodeRequest = await lab.request("redis");
    const from = lab.ports["control-plane"];
    const server = { password: PASSWORD, settings: [] };
    master = await startRedisNode(request, { ...server, name: "a", port: from });
    replica = await startRedisNode(request, {
      ...server,
      name: "b",
      port: from + 1,
      settings: [`replicaof 127.0.0.1 ${from}`],
    });
    sentinels = await Promise.all(
      [2, 3, 4].map(
        async (at) =>
          await startRedisNode(request, {
            name: `sentinel-${at}`,
            port: from + at,
            password: SENTINEL_PASSWORD,
            isSentinel: true,
            settings: [
              `sentinel monitor ${MASTER} 127.0.0.1 ${from} 2`,
              `sentinel auth-pass ${MASTER} ${PASSWORD}`,
              `sentinel down-after-milliseconds ${MASTER} ${CALM_MS}`,
              `sentinel failover-timeout ${MASTER} 3000`,
              `sentinel sentinel-pass ${SENTINEL_PASSWORD}`,
            ],
          }),
      ),
    );
  });
  afterAll(async () => {
    await lab.remove();
    await eventually(() => expect(countSockets()).toBe(0));
  });

  function open(changes: object = {}, accessTimeoutMs = ACCESS_TIMEOUT_MS) {
    const [address = "", ...furtherAddresses] = sentinels.map((one) => one.address);
    return openSession(
      redis,
      {
        mode: "sentinel",
        address,
        furtherAddresses,
        masterName: MASTER,
        password: PASSWORD,
        sentinelPassword: SENTINEL_PASSWORD,
        ...changes,
      },
      accessTimeoutMs,
    );
  }

  async function probeFresh(changes: object = {}, accessTimeoutMs = ACCESS_TIMEOUT_MS) {
    const { probe, destroy } = open(changes, accessTimeoutMs);
    const { judgement } = await probe();
    destroy();
    return judgement;
  }

  /** How long a server has to be silent before the sentinels hold it for down. */
  async function setPatience(patienceMs: number, of = sentinels): Promise<void> {
    for (const sentinel of of)
      await useRedis(sentinel, async (client) =>
        client.call("SENTINEL", "SET", MASTER, "down-after-milliseconds", patienceMs),
      );
  }

  test("a master with a replica is up, and it and each sentinel are shown", async () => {
    const judgement = await eventually(async () => {
      const one = await probeFresh();
      expect(one).toMatchObject({ verdict: "up", reason: "ok" });
      expect(one.parts?.map((part) => part.verdict)).toEqual(["up", "up", "up", "up"]);
      return one;
    }, LONG);
    expect(judgement.words).toContain(`master of ${MASTER} for 3 of 3 sentinels`);
    expect(judgement.parts?.map((part) => part.address)).toEqual(
      [master, ...sentinels].map((one) => one.address),
    );
  });

  test("connections to the sentinels and to the master are kept", async () => {
    const { probe, destroy, closings } = open();
    for (let round = 0; round < 10; round += 1) {
      expect((await probe()).judgement.verdict).toBe("up");
      expect(countSockets()).toBe(4);
    }
    expect(closings()).toBe(0);
    destroy();
    await eventually(() => expect(countSockets()).toBe(0));
  });

  test("[SAFE-5] a name that no sentinel knows is config", async () => {
    expect(await probeFresh({ masterName: "other" })).toMatchObject({
      verdict: "config",
      reason: "bad-settings",
      words: expect.stringContaining("knows no master named other"),
      advice: expect.stringContaining("SENTINEL MASTERS"),
    });
  });

  test("[SAFE-5] passwords of the sentinels and of the servers are two things", async () => {
    expect(await probeFresh({ sentinelPassword: "wrong" })).toMatchObject({
      verdict: "config",
      reason: "auth-failed",
      code: "WRONGPASS",
      words: expect.stringContaining("no sentinel answers"),
    });
    expect(await probeFresh({ password: "wrong" })).toMatchObject({
      verdict: "config",
      reason: "auth-failed",
      code: "WRONGPASS",
      words: expect.stringContaining(`at ${master.address}`),
    });
    expect(await probeFresh({ password: undefined })).toMatchObject({ verdict: "config", code: "NOAUTH" });
  });

  test("[SAFE-5] an account without a needed right is config, with the rule to set", async () => {
    for (const sentinel of sentinels)
      await useRedis(sentinel, async (client) =>
        client.call("ACL", "SETUSER", "bare", "on", ">bare", "-@all", "+ping", "+sentinel|master"),
      );
    expect(await probeFresh({ sentinelUser: "bare", sentinelPassword: "bare" })).toMatchObject({
      verdict: "config",
      reason: "permission-denied",
      advice: expect.stringContaining("ACL SETUSER bare +ping +sentinel|get-master-addr-by-name"),
    });
    for (const sentinel of sentinels)
      await useRedis(sentinel, async (client) =>
        client.call("ACL", "SETUSER", "bare", "+sentinel|get-master-addr-by-name", "+sentinel|ckquorum"),
      );
    await eventually(async () =>
      expect((await probeFresh({ sentinelUser: "bare", sentinelPassword: "bare" })).verdict).toBe("up"),
    );
  });

  test("[SAFE-5] a server in place of a sentinel is config, and so is a sentinel in place of a server", async () => {
    const { address } = master;
    expect(await probeFresh({ address, furtherAddresses: [], sentinelPassword: PASSWORD })).toMatchObject({
      verdict: "config",
      words: expect.stringContaining("is not a sentinel"),
    });
    expect(
      await probeFresh({ mode: "normal", furtherAddresses: [], password: SENTINEL_PASSWORD }),
    ).toMatchObject({ verdict: "config", words: expect.stringContaining("is a sentinel") });
  });

  test("a master that says that it is a replica takes no writes", async () => {
    const [sentinel] = sentinels;
    if (sentinel === undefined) throw new Error("no sentinel was started");
    await useRedis(sentinel, async (client) =>
      client.call("SENTINEL", "MONITOR", "confused", "127.0.0.1", replica.port, 2),
    );
    expect(await probeFresh({ masterName: "confused" })).toMatchObject({
      verdict: "read_only",
      reason: "read-only",
      words: expect.stringMatching(/role of .* is slave, although it is master of confused/),
    });
    await useRedis(sentinel, async (client) => client.call("SENTINEL", "REMOVE", "confused"));
  });

  test("without a quorum a master that serves is degraded", async () => {
    const [first, ...others] = sentinels;
    if (first === undefined) throw new Error("no sentinel was started");
    // Stopped ones would do nothing for half a minute afterwards, because their clock jumped.
    for (const one of others) await one.process.kill();
    // Alone it can hold the master for down, and do nothing about it.
    await setPatience(HASTY_MS, [first]);
    await eventually(
      async () =>
        expect(await probeFresh()).toMatchObject({
          verdict: "degraded",
          reason: "incomplete",
          words: expect.stringContaining("NOQUORUM"),
        }),
      LONG,
    );
    await setPatience(CALM_MS, [first]);
    for (const one of others) expect(await one.process.revive()).toEqual({ ok: true });
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"), LONG);
  });

  test("a killed master is down, its successor is found, and without a replica of its own degraded", async () => {
    const kept = open();
    expect((await kept.probe()).judgement.verdict).toBe("up");
    await master.process.kill();
    await kept.closed;
    const { judgement } = await kept.probe();
    expect(judgement).toMatchObject({ verdict: "down", reason: "incomplete", code: "ECONNREFUSED" });
    expect(judgement.words).toContain("the sentinels do not hold it for down yet");
    expect(judgement.advice).toContain(`down-after-milliseconds (${CALM_MS})`);
    await setPatience(HASTY_MS);
    await eventually(async () => {
      const { judgement: later } = await kept.probe();
      expect(later).toMatchObject({ verdict: "degraded", reason: "incomplete" });
      expect(later.words).toContain(`${replica.address} serves, but no replica is connected to it`);
      expect(later.parts?.[0]).toMatchObject({ address: replica.address, verdict: "up" });
    }, LONG);
    expect(await master.process.revive()).toEqual({ ok: true });
    // The sentinels would do this too, ten seconds later.
    await useRedis(master, async (client) => client.replicaof("127.0.0.1", replica.port));
    await eventually(async () => expect((await kept.probe()).judgement.verdict).toBe("up"), LONG);
    kept.destroy();
  });

  test("a sentinel that goes away ends no session", async () => {
    const { probe, destroy, closings } = open();
    await probe();
    const [sentinel] = sentinels;
    await sentinel?.process.kill();
    await eventually(async () => {
      const { judgement } = await probe();
      expect(judgement).toMatchObject({ verdict: "up" });
      expect(judgement.words).toContain("not so 1 of 3 sentinels: connection refused");
      expect(judgement.parts?.map((part) => part.verdict)).toEqual(["up", "down", "up", "up"]);
    });
    expect(await sentinel?.process.revive()).toEqual({ ok: true });
    await eventually(async () =>
      expect((await probe()).judgement.parts?.map((part) => part.verdict)).toEqual(["up", "up", "up", "up"]),
    );
    expect(closings()).toBe(0);
    destroy();
  });

  test("without any sentinel the known master is degraded, and one that is not known yet is down", async () => {
    const kept = open();
    expect((await kept.probe()).judgement.verdict).toBe("up");
    for (const one of sentinels) await one.process.kill();
    await eventually(async () =>
      expect((await kept.probe()).judgement).toMatchObject({
        verdict: "degraded",
        words: expect.stringMatching(/no sentinel answers.*named last, serves as master/),
      }),
    );
    kept.destroy();
    expect(await probeFresh()).toMatchObject({
      verdict: "down",
      reason: "refused",
      words: expect.stringContaining(`nobody finds the master ${MASTER}`),
    });
  });
});
