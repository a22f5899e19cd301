import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import { formRedisCluster, type StartedRedisNode, startRedisNode } from "@evenkeel/lab/engines/redis-nodes";
import { redis } from "@evenkeel/plugins/monitors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { type EngineLab, openEngineLab, whyMissing } from "../lab/engines/engine-lab.ts";
import { countSockets, openSession } from "./probe-kind.ts";

/** Enough for a busy machine. */
const ACCESS_TIMEOUT_MS = 5000;
/** Where a part of the nodes hangs, so that each probe waits for a share of it. */
const HASTY_MS = 1000;
/** A node that is found lost, and an election, on a busy machine. */
const LONG = { timeout: 60_000, interval: 50 };
const PASSWORD = "a-password-for-tests";
const NODES = 6;
/** Ports between a node's own and that of its bus. */
const BUS_DISTANCE = 10;

const missing = await whyMissing("redis");
if (missing !== undefined) test("clusters are seen", ({ skip }) => skip(missing));

describe.skipIf(missing !== undefined)("Redis as a cluster of six nodes", () => {
  let lab: EngineLab;
  /** Masters first, then their replicas. */
  let nodes: StartedRedisNode[];

  beforeAll(async () => {
    lab = await openEngineLab();
    const request = await lab.request("redis");
    const from = lab.ports["control-plane"];
    nodes = await Promise.all(
      Array.from({ length: NODES }, async (_, at) => {
        const port = from + at;
        return await startRedisNode(request, {
          name: `node-${at}`,
          port,
          busPort: port + BUS_DISTANCE,
          password: PASSWORD,
          // A node that a busy machine delays must not lose its role before a test means it to.
          settings: ["cluster-node-timeout 1500", "cluster-replica-no-failover yes"],
        });
      }),
    );
  });
  afterAll(async () => {
    await lab.remove();
    await eventually(() => expect(countSockets()).toBe(0));
  });

  const node = (at: number): StartedRedisNode => {
    const found = nodes[at];
    if (found === undefined) throw new Error(`there is no node ${at}`);
    return found;
  };

  function open(changes: object = {}, accessTimeoutMs = ACCESS_TIMEOUT_MS) {
    const [address = "", ...furtherAddresses] = nodes.map((one) => one.address);
    const settings = { mode: "cluster", address, furtherAddresses, password: PASSWORD, ...changes };
    return openSession(redis, settings, accessTimeoutMs);
  }

  async function probeFresh(changes: object = {}, accessTimeoutMs = ACCESS_TIMEOUT_MS) {
    const { probe, destroy } = open(changes, accessTimeoutMs);
    const { judgement } = await probe();
    destroy();
    return judgement;
  }

  const untilWell = async () =>
    await eventually(async () => {
      const judgement = await probeFresh();
      expect(judgement).toMatchObject({ verdict: "up", reason: "ok" });
      return judgement;
    }, LONG);

  test("nodes without slots are down", async () => {
    expect(await probeFresh()).toMatchObject({
      verdict: "down",
      reason: "incomplete",
      code: "CLUSTERDOWN",
      words: "the cluster holds no slots yet",
    });
  });

  test("a cluster whose masters have replicas is up, each node with its role", async () => {
    await formRedisCluster(nodes);
    const { words, parts } = await untilWell();
    expect(words).toContain("cluster ok: 3 masters, 3 replicas");
    expect(parts?.map((part) => part.address)).toEqual(nodes.map((one) => one.address));
    expect(parts?.map((part) => part.verdict)).toEqual(nodes.map(() => "up"));
    expect(parts?.[0]?.words).toContain("master (slots 0-5460)");
    expect(parts?.[3]?.words).toContain(`replica of ${node(0).address}`);
  });

  test("one address suffices: the others are shown as the cluster sees them", async () => {
    const { verdict, parts } = await probeFresh({ furtherAddresses: [] });
    expect(verdict).toBe("up");
    expect(parts?.map((part) => part.address).sort()).toEqual(nodes.map((one) => one.address).sort());
    expect(parts?.[0]?.words).toContain("answered in");
    expect(parts?.[1]?.words).toContain("as the cluster sees it: well");
  });

  test("[SAFE-5] a missing right, a wrong password and another mode's server are config", async () => {
    await useRedis(node(0), async (client) =>
      client.call("ACL", "SETUSER", "bare", "on", ">bare", "-@all", "+ping", "+role", "+info"),
    );
    const bare = { user: "bare", password: "bare", furtherAddresses: [] };
    expect(await probeFresh(bare)).toMatchObject({
      verdict: "config",
      reason: "permission-denied",
      advice: "ACL SETUSER bare +ping +role +info +cluster|info +cluster|nodes",
    });
    await useRedis(node(0), async (client) =>
      client.call("ACL", "SETUSER", "bare", "+cluster|info", "+cluster|nodes"),
    );
    expect((await probeFresh(bare)).verdict).toBe("up");
    expect(await probeFresh({ password: "wrong" })).toMatchObject({ verdict: "config", code: "WRONGPASS" });
  });

  test("a killed replica degrades the cluster, and it is up again with it", async () => {
    await node(3).process.kill();
    await eventually(async () => {
      const { verdict, reason, words, parts } = await probeFresh();
      expect({ verdict, reason }).toEqual({ verdict: "degraded", reason: "incomplete" });
      expect(words).toContain(`master ${node(0).address} (slots 0-5460) has no replica`);
      expect(words).toContain(`replica ${node(3).address} is lost`);
      expect(parts?.[3]).toMatchObject({ verdict: "down", words: expect.stringContaining("refused") });
    }, LONG);
    expect(await node(3).process.revive()).toEqual({ ok: true });
    await untilWell();
  });

  test("a killed master is told at once, its replica takes over, and it comes back as a replica", async () => {
    await useRedis(node(4), async (client) => client.config("SET", "cluster-replica-no-failover", "no"));
    const { probe, closed, destroy } = open();
    expect((await probe()).judgement.verdict).toBe("up");
    await node(1).process.kill();
    await closed;
    const { judgement } = await probe();
    expect(["degraded", "down"]).toContain(judgement.verdict);
    expect(judgement.parts?.[1]?.verdict).toBe("down");
    destroy();
    await eventually(async () => {
      const { verdict, words, parts } = await probeFresh();
      expect(verdict).toBe("degraded");
      expect(words).toContain(`master ${node(4).address} (slots 5461-10921) has no replica`);
      expect(parts?.[4]?.words).toContain("master (slots 5461-10921)");
    }, LONG);
    expect(await node(1).process.revive()).toEqual({ ok: true });
    const { parts } = await untilWell();
    expect(parts?.[1]?.words).toContain(`replica of ${node(4).address}`);
  });

  test("a stopped node times out and is shown beside those that answer", async () => {
    node(5).process.stop();
    try {
      const { verdict, parts } = await probeFresh({}, HASTY_MS);
      expect(verdict).toBe("degraded");
      expect(parts?.[5]).toMatchObject({ verdict: "down", words: expect.stringContaining("timed out") });
    } finally {
      node(5).process.cont();
    }
    await untilWell();
  });

  test("slots that nobody serves are down, whichever node is asked", async () => {
    for (const at of [0, 3]) await node(at).process.kill();
    const lost = async (changes: object) =>
      await eventually(async () => {
        const judgement = await probeFresh(changes);
        expect(judgement).toMatchObject({
          verdict: "down",
          reason: "incomplete",
          code: "CLUSTERDOWN",
          words: expect.stringContaining("5461 of 16384 slots are not served"),
        });
      }, LONG);
    await lost({});
    await lost({ address: node(2).address, furtherAddresses: [] });
    for (const at of [1, 2, 4, 5]) await node(at).process.kill();
    expect(await probeFresh()).toMatchObject({ verdict: "down", reason: "refused" });
  });
});
