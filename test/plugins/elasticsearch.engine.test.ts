import type { Judgement } from "@evenkeel/contracts/observation";
import { type ElasticsearchNode, startElasticsearchNode } from "@evenkeel/lab/engines/elasticsearch-node";
import type { ManagedProcess } from "@evenkeel/lab/processes/process-spec";
import { findFetched } from "@evenkeel/lab/setup/fetched-engines";
import { elasticsearch } from "@evenkeel/plugins/monitors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { eventually } from "../eventually.ts";
import { type EngineLab, openEngineLab } from "../lab/engines/engine-lab.ts";
import { countSockets, openSession } from "./probe-kind.ts";

/** Enough for a busy machine. */
const ACCESS_TIMEOUT_MS = 10_000;
/** For what is to time out. */
const SHORT_MS = 150;
/** An election, or shards that move, on a busy machine. */
const LONG = { timeout: 60_000, interval: 100 };

/** `GET /_nodes/stats/http`. */
const Stats = z.object({
  nodes: z.record(z.string(), z.object({ http: z.object({ current_open: z.number() }) })),
});

const engine = findFetched("elasticsearch");
const missing = "missing" in engine ? engine.missing : undefined;

if (missing !== undefined) test("Elasticsearch is seen", ({ skip }) => skip(missing));

describe.skipIf(missing !== undefined)("Elasticsearch 7.10.2", () => {
  let lab: EngineLab;
  let nodes: readonly [ElasticsearchNode, ElasticsearchNode];
  let first: ManagedProcess;
  let second: ManagedProcess;

  async function start(node: ElasticsearchNode): Promise<ManagedProcess> {
    if ("missing" in engine) throw new Error(engine.missing);
    const started = await startElasticsearchNode(
      { stateDir: lab.stateDir, supervisor: lab.supervisor, engine, cluster: nodes },
      node,
    );
    if (!started.ok) throw new Error(started.message);
    return started.process;
  }

  beforeAll(async () => {
    lab = await openEngineLab();
    const { ports } = lab;
    nodes = [
      { name: "n1", httpPort: ports["http-dc1"], transportPort: ports["gate-http-dc1"] },
      { name: "n2", httpPort: ports["http-dc2"], transportPort: ports["gate-http-dc2"] },
    ];
    first = await start(nodes[0]);
  });
  afterAll(async () => await lab.remove());

  const addressOf = (node: ElasticsearchNode) => `127.0.0.1:${node.httpPort}`;
  const open = (chosen = [nodes[0]], accessTimeoutMs = ACCESS_TIMEOUT_MS) =>
    openSession(elasticsearch, { addresses: chosen.map(addressOf) }, accessTimeoutMs);

  async function probeFresh(chosen = [nodes[0]], accessTimeoutMs = ACCESS_TIMEOUT_MS): Promise<Judgement> {
    const { probe, destroy } = open(chosen, accessTimeoutMs);
    const { judgement } = await probe();
    destroy();
    return judgement;
  }

  /** Connections that the node has, but for the one that asks. */
  async function countConnections(node: ElasticsearchNode): Promise<number> {
    const response = await fetch(`http://${addressOf(node)}/_nodes/_local/stats/http`, {
      headers: { connection: "close" },
    });
    const [stats] = Object.values(Stats.parse(await response.json()).nodes);
    return (stats?.http.current_open ?? 0) - 1;
  }

  async function send(method: string, path: string, body?: object): Promise<void> {
    const response = await fetch(`http://${addressOf(nodes[0])}${path}`, {
      method,
      headers: { "content-type": "application/json", connection: "close" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  }

  test("a node without a master is down, and says so before the deadline", async () => {
    expect(await probeFresh([nodes[0]], 3000)).toMatchObject({
      verdict: "down",
      reason: "wrong-status",
      code: "503",
      words: expect.stringContaining("master_not_discovered_exception"),
      advice: expect.stringContaining("no elected master"),
    });
  });

  test("with a second node there is a master, and the cluster is up", async () => {
    second = await start(nodes[1]);
    await eventually(async () => {
      const judgement = await probeFresh([...nodes]);
      expect(judgement.parts?.map((part) => part.verdict)).toEqual(["up", "up"]);
      expect(judgement.words).toContain("status green, 2 nodes");
    }, LONG);
  });

  test("a connection test tells version and role", async () => {
    const { inspect, destroy } = open();
    expect(await inspect()).toEqual({
      version: "Elasticsearch 7.10.2",
      role: expect.stringMatching(/^(green|yellow), 2 nodes of \S+$/),
      lagMs: null,
      missing: [],
    });
    destroy();
  });

  test("the connection is kept", async () => {
    const { probe, destroy, closings } = open();
    for (let round = 0; round < 20; round += 1) expect((await probe()).judgement.verdict).toBe("up");
    expect(await countConnections(nodes[0])).toBe(1);
    destroy();
    await eventually(async () => expect(await countConnections(nodes[0])).toBe(0));
    expect(closings()).toBe(0);
  });

  test("[SAFE-5] an index beyond the flood stage makes it read-only; without the block it is up", async () => {
    await send("PUT", "/shop", { settings: { number_of_replicas: 1, number_of_shards: 1 } });
    await send("PUT", "/shop/_settings", { "index.blocks.read_only_allow_delete": true });
    expect(await probeFresh()).toMatchObject({ verdict: "read_only", reason: "disk-full" });
    await send("PUT", "/shop/_settings", { "index.blocks.read_only_allow_delete": null });
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"), LONG);
  });

  test("an index that somebody froze on purpose is no news", async () => {
    await send("PUT", "/shop/_settings", { "index.blocks.write": true });
    expect((await probeFresh()).verdict).toBe("up");
    await send("PUT", "/shop/_settings", { "index.blocks.write": null });
  });

  test.each(["read_only", "read_only_allow_delete"])("[SAFE-5] cluster.blocks.%s is seen", async (block) => {
    await send("PUT", "/_cluster/settings", { transient: { [`cluster.blocks.${block}`]: true } });
    expect(await probeFresh()).toMatchObject({ verdict: "read_only", reason: "read-only" });
    await send("PUT", "/_cluster/settings", { transient: { [`cluster.blocks.${block}`]: null } });
    expect((await probeFresh()).verdict).toBe("up");
  });

  test("[SAFE-5] a shard without a copy is degraded, a replica without one is told in words", async () => {
    const nowhere = { "index.routing.allocation.require._name": "nobody", number_of_replicas: 0 };
    await send("PUT", "/lost?wait_for_active_shards=0", { settings: nowhere });
    await eventually(
      async () => expect(await probeFresh()).toMatchObject({ verdict: "degraded", reason: "incomplete" }),
      LONG,
    );
    await send("DELETE", "/lost");
    await send("PUT", "/thin", { settings: { number_of_replicas: 3 } });
    await eventually(async () => {
      const { verdict, words } = await probeFresh();
      expect(verdict).toBe("up");
      expect(words).toMatch(/status yellow.*shards unassigned/);
    }, LONG);
    await send("DELETE", "/thin");
  });

  test("a stopped node times out and is shown beside the master that answers", async () => {
    const answer = await fetch(`http://${addressOf(nodes[0])}/_cat/master?h=node`, {
      headers: { connection: "close" },
    });
    const at = (await answer.text()).trim() === "n1" ? 1 : 0;
    const [stopped, server] = at === 1 ? [nodes[1], second] : [nodes[0], first];
    server.stop();
    try {
      expect(await probeFresh([stopped], SHORT_MS)).toMatchObject({ verdict: "down", reason: "timed-out" });
      // The master asks the stopped node for nothing that the probe needs.
      const { verdict, parts } = await probeFresh([...nodes], 4000);
      expect(verdict).toBe("up");
      expect(parts?.[at]).toMatchObject({ verdict: "down", words: expect.stringContaining("timed out") });
    } finally {
      server.cont();
    }
    await eventually(async () => {
      const { parts } = await probeFresh([...nodes]);
      expect(parts?.map((part) => part.verdict)).toEqual(["up", "up"]);
    }, LONG);
  });

  test("kill -9 is told at once by the kept connection, and the next probe is refused", async () => {
    const { probe, closed, destroy } = open();
    await probe();
    await first.kill();
    await closed;
    expect(await probeFresh()).toMatchObject({ verdict: "down", reason: "refused" });
    destroy();
    await eventually(() => expect(countSockets()).toBe(0));
  });
});
