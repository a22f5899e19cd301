import type { RouteWrite } from "@evenkeel/contracts/agent-protocol";
import { Route, routeKey } from "@evenkeel/contracts/route";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type KnownEntries, writeRoute } from "../../../agents/stores/write-route.ts";
import { openRouteStore } from "../../../route-store/open-route-store.ts";
import { ROOT, startCluster, type TestCluster, whyNoEtcd } from "../../route-store/etcd-cluster.ts";

const SLOW_MS = 60_000;
const INSTANCE = "ins_test01";
const AGENTS = 6;
const ROUNDS = 12;
/** Nobody can lose more compare-and-swaps to so few than a write stands. */
const EPOCHS = 5;
const Range = z.object({ kvs: z.array(z.object({ version: z.string() })) });
const missing = whyNoEtcd();
if (missing !== null) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== null)("[SAFE-1] agents that write routes into etcd at once", () => {
  let cluster: TestCluster;
  const agents: { readonly store: RouteStore; readonly known: KnownEntries }[] = [];
  beforeAll(async () => {
    cluster = await startCluster({ portBase: 21_074, size: 1 });
    for (let index = 0; index < AGENTS; index += 1) {
      const store = openRouteStore({ endpoints: cluster.endpoints, ...ROOT, deadlineMs: 20_000 });
      agents.push({ store, known: new Map() });
    }
  }, SLOW_MS);
  afterAll(async () => {
    for (const { store } of agents) store.close();
    await cluster?.destroy();
  }, SLOW_MS);

  /** The next route of a line; `decision` tells twins apart. */
  const next = (line: readonly Route[], decision: string, active = "dc1"): Route => ({
    ...{ v: 1, epoch: line.length + 1, decision, after: line.at(-1)?.decision ?? null, active },
    dataCentres: { dc1: { readable: true, writable: true }, dc2: { readable: true, writable: true } },
    ...{ phase: "stable", reason: "", decidedBy: "ARB-26", decidedAt: "" },
  });
  const writeOf = (applicationId: string, line: readonly Route[], route: Route): RouteWrite => ({
    ...{ monitorId: "mon_1", applicationId, step: null, route },
    ancestors: line.map((one) => one.decision).reverse(),
  });
  async function write(agent: (typeof agents)[number], wanted: RouteWrite) {
    return (await writeRoute(agent.store, agent.known, INSTANCE, wanted)).outcome;
  }
  async function read(applicationId: string): Promise<Route> {
    const reading = await agents[0]?.store.range(routeKey(INSTANCE, applicationId, "mon_1"));
    if (reading?.ok !== true) throw new Error("the store does not answer");
    return Route.parse(JSON.parse(reading.value.entries[0]?.value ?? "null"));
  }

  /** @returns how often the application's route was written since it exists */
  async function countWrites(applicationId: string): Promise<number> {
    const key = Buffer.from(routeKey(INSTANCE, applicationId, "mon_1")).toString("base64");
    const answer = Range.parse(await cluster.call("/v3/kv/range", { key }));
    return Number(answer.kvs[0]?.version);
  }

  test("of the same route: one writes it, the others find it, whatever each remembers", {
    timeout: SLOW_MS,
  }, async () => {
    const line: Route[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const route = next(line, `dec_${round}`);
      const outcomes = await Promise.all(
        agents.map((agent) => write(agent, writeOf("app_same", line, route))),
      );
      const written = outcomes.map((outcome) => outcome.result === "stored" && outcome.written);
      expect(outcomes.every(({ result }) => result === "stored")).toBe(true);
      // One whose answer was late cannot tell the same text of another agent from its own: etcd can.
      expect(written).toContain(true);
      line.push(route);
      expect(await countWrites("app_same")).toBe(round);
    }
    expect(await read("app_same")).toEqual(line.at(-1));
  });

  test("of two decisions after the same one: the first stands, the other is told of it and overwrites nothing", {
    timeout: SLOW_MS,
  }, async () => {
    const line: Route[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const twins = [next(line, `dec_${round}a`), next(line, `dec_${round}b`, "dc2")] as const;
      const wanted = agents.map((_, index) => twins[index % 2 === 0 ? 0 : 1]);
      const outcomes = await Promise.all(
        agents.map((agent, index) => write(agent, writeOf("app_fork", line, wanted[index] ?? twins[0]))),
      );
      const stored = await read("app_fork");
      expect(twins).toContainEqual(stored);
      for (const [index, outcome] of outcomes.entries()) {
        if (wanted[index]?.decision === stored.decision) expect(outcome.result).toBe("stored");
        else expect(outcome).toEqual({ result: "fork", stored });
      }
      line.push(stored);
    }
  });

  test("of several epochs at once: the latest one stands, and who comes too late is told that the store is ahead", {
    timeout: SLOW_MS,
  }, async () => {
    const line: Route[] = [];
    for (let epoch = 1; epoch <= EPOCHS; epoch += 1) line.push(next(line, `dec_${epoch}`));
    const withTrail = line.map((route, index) => ({
      ...route,
      trail: line
        .slice(0, index)
        .reverse()
        .map((one) => one.decision),
    }));
    const outcomes = await Promise.all(
      agents.slice(0, EPOCHS).map((agent, index) => {
        const route = withTrail[index];
        if (route === undefined) throw new Error(`there is no epoch ${index + 1}`);
        return write(agent, writeOf("app_late", line.slice(0, index), route));
      }),
    );
    expect(await read("app_late")).toEqual(withTrail.at(-1));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.result === "stored") continue;
      expect(outcome).toMatchObject({ result: "ahead" });
      if (outcome.result === "ahead") expect(outcome.stored.epoch).toBeGreaterThan(index + 1);
    }
    expect(outcomes.at(-1)).toEqual({ result: "stored", written: true });
  });
});
