import { Judgement } from "@evenkeel/contracts/observation";
import { redis } from "@evenkeel/plugins/monitors";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../eventually.ts";
import {
  answerAsMaster,
  answerAsSentinel,
  bulk,
  type FakeRedis,
  type FakeReply,
  type FakeSentinel,
  serveRedis,
} from "./fake-redis.ts";
import { FAULTS, type FaultName } from "./fault-servers.ts";
import { KIND_CASES } from "./kind-cases.ts";
import { countSockets, openSession } from "./probe-kind.ts";

/** Enough for a busy machine. */
const ACCESS_TIMEOUT_MS = 5000;
/** For what may never be answered. */
const SHORT_MS = 300;
/** Where a part of the servers hangs, so that the probe waits for a share of it. */
const HASTY_MS = 1000;

afterEach(async () => {
  await eventually(() => expect(countSockets()).toBe(0));
});

async function serve(answer: (command: string) => FakeReply): Promise<FakeRedis> {
  const server = await serveRedis(answer);
  onTestFinished(server.close);
  return server;
}

function openTarget(mode: string, addresses: readonly string[], accessTimeoutMs = ACCESS_TIMEOUT_MS) {
  const [address, ...furtherAddresses] = addresses;
  const settings = {
    ...redis.common.parse({ mode }),
    ...redis.target.parse({ address, furtherAddresses }),
    password: "pw-not-shown",
    sentinelPassword: "spw-not-shown",
  };
  const opened = openSession(redis, settings, accessTimeoutMs);
  onTestFinished(opened.destroy);
  return opened;
}

async function probeOnce(...given: Parameters<typeof openTarget>): Promise<Judgement> {
  const { probe, destroy } = openTarget(...given);
  const { judgement } = await probe();
  destroy();
  expect(Judgement.parse(judgement)).toEqual(judgement);
  expect(JSON.stringify(judgement)).not.toContain("not-shown");
  return judgement;
}

describe("sentinels", () => {
  const serveSentinel = async (told: FakeSentinel) =>
    await serve((command) => answerAsSentinel(command, told));
  const serveMaster = async (replicas = 1) => await serve((command) => answerAsMaster(command, replicas));

  test("each has its own password, and the master is asked with the servers'", async () => {
    const master = await serveMaster();
    const sentinel = await serveSentinel({ master: master.address });
    const { probe, destroy } = openTarget("sentinel", [sentinel.address]);
    for (let round = 0; round < 2; round += 1) expect((await probe()).judgement.verdict).toBe("up");
    destroy();
    const round = [
      "PING",
      "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster",
      "SENTINEL MASTER mymaster",
      "SENTINEL CKQUORUM mymaster",
    ];
    expect(sentinel.commands).toEqual(["AUTH spw-not-shown", ...round, ...round]);
    expect(master.commands.filter((command) => command.startsWith("AUTH"))).toEqual(["AUTH pw-not-shown"]);
  });

  test("the newest configuration wins over the most sentinels", async () => {
    const before = await serveMaster();
    const now = await serveMaster();
    const old = { master: before.address, epoch: 1 };
    const sentinels = [
      await serveSentinel(old),
      await serveSentinel(old),
      await serveSentinel({ master: now.address, epoch: 2 }),
    ];
    const judgement = await probeOnce(
      "sentinel",
      sentinels.map((one) => one.address),
    );
    expect(judgement.parts?.[0]?.address).toBe(now.address);
    expect(judgement.words).toContain("master of mymaster for 1 of 3 sentinels");
    expect(before.commands).toEqual([]);
  });

  test("a master that they replace is left for the new one within one probe", async () => {
    const before = await serveMaster();
    const after = await serveMaster();
    const told = { master: before.address, epoch: 1 };
    const sentinel = await serve((command) => answerAsSentinel(command, told));
    const { probe, destroy } = openTarget("sentinel", [sentinel.address]);
    expect((await probe()).judgement.parts?.[0]?.address).toBe(before.address);
    told.master = after.address;
    const { judgement } = await probe();
    expect(judgement).toMatchObject({ verdict: "up" });
    expect(judgement.parts?.[0]?.address).toBe(after.address);
    expect(countSockets()).toBeGreaterThan(0);
    destroy();
  });

  test.each([
    [{}, "config", "bad-settings", /knows no master named mymaster/],
    [{ replicas: 0 }, "degraded", "incomplete", /no replica is connected to it/],
    [{ noQuorum: "1 usable Sentinels" }, "degraded", "incomplete", /NOQUORUM 1 usable/],
    [{ isReplica: true }, "read_only", "read-only", /is slave, although it is master of mymaster/],
  ] as const)(
    "%j is %s",
    async (given: { replicas?: number; noQuorum?: string; isReplica?: boolean }, verdict, reason, words) => {
      const master = await serve((command) =>
        command === "ROLE" && given.isReplica === true
          ? `*5\r\n${bulk("slave")}${bulk("192.0.2.1")}:6379\r\n${bulk("connect")}:-1\r\n`
          : answerAsMaster(command, given.replicas),
      );
      const { noQuorum } = given;
      const told = { master: master.address, ...(noQuorum === undefined ? {} : { noQuorum }) };
      const sentinel = await serveSentinel(Object.keys(given).length === 0 ? {} : told);
      expect(await probeOnce("sentinel", [sentinel.address])).toMatchObject({
        verdict,
        reason,
        words: expect.stringMatching(words),
      });
    },
  );

  test("a refused master is no refusal of the target, because a replica may take over", async () => {
    const gone = await FAULTS.refused();
    const sentinel = await serveSentinel({ master: gone.address, flags: "s_down,o_down,master" });
    expect(await probeOnce("sentinel", [sentinel.address])).toMatchObject({
      verdict: "down",
      reason: "incomplete",
      code: "ECONNREFUSED",
      words: expect.stringContaining("the sentinels hold it for down"),
      advice: expect.stringContaining("(30000)"),
    });
  });

  test("a silent master is told by its name before the deadline, and so is a silent sentinel", async () => {
    const mute = await serve(() => undefined);
    const master = await serveMaster();
    const sentinel = await serveSentinel({ master: mute.address });
    // A process that is late itself hears the agent's own deadline, which knows no names.
    await eventually(async () =>
      expect(await probeOnce("sentinel", [sentinel.address], SHORT_MS)).toMatchObject({
        verdict: "down",
        reason: "timed-out",
        words: expect.stringContaining(`waiting for ${mute.address} (master of mymaster`),
      }),
    );
    const good = await serveSentinel({ master: master.address });
    await eventually(async () => {
      const judgement = await probeOnce("sentinel", [mute.address, good.address], HASTY_MS);
      expect(judgement).toMatchObject({ verdict: "up" });
      expect(judgement.words).toContain("not so 1 of 2 sentinels: timed out");
      expect(judgement.parts?.map((part) => part.verdict)).toEqual(["up", "down", "up"]);
    });
    await eventually(async () =>
      expect(await probeOnce("sentinel", [mute.address], SHORT_MS)).toMatchObject({
        verdict: "down",
        reason: "timed-out",
        words: expect.stringContaining("no sentinel answers"),
      }),
    );
  });

  test("a name that is no address leads nowhere", async () => {
    const sentinel = await serveSentinel({ master: "a b:99999" });
    expect(await probeOnce("sentinel", [sentinel.address])).toMatchObject({ verdict: "config" });
  });
});

describe("a cluster", () => {
  interface Node {
    readonly id: string;
    readonly flags: string;
    readonly master?: string;
    readonly slots?: string;
  }
  const line = ({ id, flags, master = "-", slots = "" }: Node, address: string) =>
    `${id} ${address}@17000 ${flags} ${master} 0 1 1 connected ${slots}`.trim();
  const info = (changes: object = {}) =>
    Object.entries({ state: "ok", slots_assigned: 16384, slots_fail: 0, current_epoch: 3, ...changes })
      .map(([name, value]) => `cluster_${name}:${value}\r\n`)
      .join("");
  const WELL: readonly Node[] = [
    { id: "m1", flags: "myself,master", slots: "0-8191" },
    { id: "m2", flags: "master", slots: "8192-16383 [5-<-m1]" },
    { id: "r1", flags: "slave", master: "m1" },
    { id: "r2", flags: "slave", master: "m2" },
  ];

  async function serveNode(nodes: readonly Node[], told: object = {}): Promise<FakeRedis> {
    return await serve((command) => {
      if (command === "CLUSTER INFO") return bulk(info(told));
      if (command === "CLUSTER NODES")
        return bulk(nodes.map((node, at) => line(node, `192.0.2.${at + 1}:7000`)).join("\n"));
      return answerAsMaster(command);
    });
  }
  const changed = (at: number, change: Partial<Node>) =>
    WELL.map((node, index) => (index === at ? { ...node, ...change } : node));

  test.each([
    ["all is well", WELL, {}, "up", "ok", /cluster ok: 2 masters, 2 replicas/],
    [
      "slots are gone",
      WELL,
      { slots_fail: 8192, state: "fail" },
      "down",
      "incomplete",
      /8192 of 16384 slots are not/,
    ],
    [
      "slots fail, as allowed",
      changed(1, { flags: "master,fail" }),
      { slots_fail: 8192 },
      "down",
      "incomplete",
      /lost 192.0.2.2:7000/,
    ],
    [
      "slots are nobody's",
      WELL,
      { slots_assigned: 16000, state: "fail" },
      "down",
      "incomplete",
      /384 of 16384 slots belong/,
    ],
    [
      "most masters are away",
      WELL,
      { state: "fail" },
      "down",
      "incomplete",
      /does not reach most of the masters/,
    ],
    [
      "a replica is lost",
      changed(3, { flags: "slave,fail" }),
      {},
      "degraded",
      "incomplete",
      /192.0.2.2:7000 \(slots 8192-16383\) has no replica.*replica 192.0.2.4:7000 is lost/,
    ],
    [
      "a master is suspected",
      changed(1, { flags: "master,fail?" }),
      {},
      "degraded",
      "incomplete",
      /master 192.0.2.2:7000 .* is suspected/,
    ],
    ["a node is being met", [...WELL, { id: "x", flags: "handshake" }], {}, "up", "ok", /2 masters/],
    ["replicas were never made", WELL.slice(0, 2), {}, "degraded", "incomplete", /has no replica/],
  ] as const)("%s", async (_, nodes, told, verdict, reason, words) => {
    const node = await serveNode(nodes, told);
    const judgement = await probeOnce("cluster", [node.address]);
    expect(judgement).toMatchObject({ verdict, reason, words: expect.stringMatching(words) });
    expect(judgement.parts?.[0]?.address).toBe(node.address);
  });

  test("a node that sees the cluster well is believed, one that does not degrades it", async () => {
    const alone = await serveNode(WELL, { state: "fail", current_epoch: 9 });
    const well = await serveNode([
      { ...changed(0, { flags: "master" })[0], id: "m1" } as Node,
      ...changed(1, { flags: "myself,master" }).slice(1),
    ]);
    const judgement = await probeOnce("cluster", [alone.address, well.address]);
    expect(judgement).toMatchObject({ verdict: "degraded", reason: "incomplete" });
    expect(judgement.parts?.map((part) => part.verdict)).toEqual(["down", "up", "up", "up"]);
  });

  test("a server without a cluster is config, and so is a sentinel", async () => {
    const single = await serve((command) =>
      command.startsWith("CLUSTER")
        ? "-ERR This instance has cluster support disabled\r\n"
        : answerAsMaster(command),
    );
    expect(await probeOnce("cluster", [single.address])).toMatchObject({
      verdict: "config",
      reason: "bad-settings",
      words: expect.stringContaining("is not a node of a cluster"),
    });
  });

  test("a replica that lost its master's data stream is told", async () => {
    const replica = await serve((command) => {
      if (command === "CLUSTER INFO") return bulk(info());
      if (command === "CLUSTER NODES")
        return bulk(
          [
            ...changed(0, { flags: "master" }).slice(0, 2),
            { id: "r1", flags: "myself,slave", master: "m1" },
            WELL[3] as Node,
          ]
            .map((node, at) => line(node, `192.0.2.${at + 1}:7000`))
            .join("\n"),
        );
      if (command !== "ROLE") return answerAsMaster(command);
      return `*5\r\n${bulk("slave")}${bulk("192.0.2.1")}:7000\r\n${bulk("connecting")}:-1\r\n`;
    });
    expect(await probeOnce("cluster", [replica.address])).toMatchObject({
      verdict: "degraded",
      reason: "lagging",
      words: "replica of 192.0.2.1:7000, with which it is not in step (connecting)",
    });
  });
});

describe.each(["sentinel", "cluster"])("mode %s", (mode) => {
  const script = KIND_CASES.redis?.script;
  if (script === undefined) throw new Error("test/plugins/kind-cases.ts has no redis");

  test.each(Object.keys(FAULTS) as FaultName[])(
    "%s is down, in words, and leaves nothing behind",
    async (fault) => {
      const server = await FAULTS[fault](script);
      for (const addresses of [[server.address], [server.address, "127.0.0.1:1"]]) {
        const { probe, destroy } = openTarget(mode, addresses, SHORT_MS);
        const { judgement } = await probe();
        destroy();
        destroy();
        expect(judgement.verdict).toBe("down");
        expect(judgement.words).toContain(addresses[0]);
        expect(JSON.stringify(judgement)).not.toContain("not-shown");
      }
      await server.close();
    },
  );

  test("a probe in flight rejects at once when its session is destroyed", async () => {
    const server = await FAULTS.mute();
    onTestFinished(server.close);
    for (const furtherAddresses of [[], ["127.0.0.1:1"]]) {
      const session = redis.open(
        { mode, address: server.address, furtherAddresses },
        { load: async (name) => await import(name), onClosed: () => undefined, accessTimeoutMs: 600_000 },
      );
      const asked = session.probe();
      session.destroy();
      await expect(asked).rejects.toMatchObject({ code: "PROBE_ABANDONED" });
      await expect(session.probe()).rejects.toThrow();
    }
  });

  test("who enters one address only is told to enter more when it is lost", async () => {
    const gone = await FAULTS.refused();
    onTestFinished(gone.close);
    expect((await probeOnce(mode, [gone.address])).advice).toMatch(/so that the loss of one/);
    expect((await probeOnce(mode, [gone.address, "127.0.0.1:1"])).advice).not.toMatch(/so that the loss/);
  });

  test.each([null, "", {}, { sentinels: 1 }, { sentinels: [], master: [] }, { info: 3 }])(
    "%j is judged, and not as up",
    (sample) => {
      const settings = { mode, address: "192.0.2.1:1" };
      const judgement = redis.judge({ type: "answered", sample, latencyMs: 1 }, settings);
      expect(Judgement.parse(judgement)).toEqual(judgement);
      expect(judgement.verdict).toBe("down");
      const late = redis.judge({ type: "timed-out", afterMs: 3 }, settings);
      expect(late).toMatchObject({ verdict: "down", reason: "timed-out" });
    },
  );

  test("an application is told all addresses, and how their servers are organised", () => {
    expect(redis.source({ mode, address: "192.0.2.1:1" })).toMatchObject({
      mode,
      addresses: ["192.0.2.1:1"],
    });
  });
});
