import { randomUUID } from "node:crypto";
import { StoreView } from "@evenkeel/contracts/api-stores";
import { Route, TRAIL_MAX } from "@evenkeel/contracts/route";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { applyFault } from "../../lab/faults/site-faults.ts";
import { wallMs } from "../../lab/shop/shop-clock.ts";
import { ROOT, startCluster, type TestCluster } from "../route-store/etcd-cluster.ts";
import { readMonitor, startTestLab, successesSince, type TestLab, until, untilHealthy } from "./with-lab.ts";

const ENGINE = "redis";
const MEMBERS = ["etcd-dc1", "etcd-dc2", "etcd-witness"];
const Range = z.object({ kvs: z.array(z.object({ key: z.string(), value: z.string() })).default([]) });

let test: TestLab;
let second: TestCluster;

beforeAll(async () => {
  [test, second] = await Promise.all([
    startTestLab(5400, [ENGINE]),
    startCluster({ portBase: 29_900, size: 1, auth: true }),
  ]);
  await untilHealthy(test.lab);
  const { api, arrangement, etcd } = test.lab;
  const { dc1, dc2, witness } = arrangement.sites;
  const put = (name: string, body: object) =>
    api.send("PUT", `/instances/${arrangement.instanceId}/stores/${name}`, body, StoreView);
  // The password of the first stays sealed as it is.
  await put("main", { endpoints: etcd.endpoints, user: etcd.users.agent.user, sites: [dc1, witness] });
  await put("etcd-dc2", { endpoints: second.endpoints.map((one) => `http://${one}`), ...ROOT, sites: [dc2] });
});
afterAll(async () => {
  await Promise.all([test?.end(), second?.destroy()]);
});

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The routes as they stand in the second store. */
async function readRoutes(): Promise<{ key: string; route: Route }[]> {
  const prefix = `/evenkeel/v1/${test.lab.arrangement.instanceId}/`;
  const end = `${prefix.slice(0, -1)}0`;
  const answer = Range.parse(
    await second.call("/v3/kv/range", { key: base64(prefix), range_end: base64(end) }),
  );
  return answer.kvs.flatMap(({ key, value }) => {
    const parsed = Route.safeParse(JSON.parse(Buffer.from(value, "base64").toString()));
    return parsed.success ? [{ key, route: parsed.data }] : [];
  });
}
const readSecond = async () =>
  (await readRoutes()).map(({ route: { epoch, active } }) => ({ epoch, active }));

it("[SAFE-1] a store of its own for each site gets every route", async () => {
  await until(
    "both stores",
    () => readMonitor(test.lab, ENGINE),
    (monitor) => monitor.owedStores.length === 0,
  );
  expect(await readSecond()).toEqual([{ epoch: 1, active: "dc1" }]);
});

it("a switch counts with the store that can be reached; the other one is owed it, and its applications hear of it from agents", async () => {
  const { lab } = test;
  await Promise.all(MEMBERS.map((member) => applyFault(lab, "kill", member)));
  await until(
    "the first store lost",
    () => lab.view(),
    (view) => view.stores.some((store) => store.name === "main" && !store.reachable),
  );
  await applyFault(lab, "kill", `${ENGINE}-dc1`);
  const moved = await until(
    "the switch",
    () => readMonitor(lab, ENGINE),
    (monitor) => monitor.active === "dc2" && monitor.switching === null,
  );
  expect(moved.owedStores).toEqual(["main"]);
  expect(await readSecond()).toEqual([{ epoch: moved.epoch, active: "dc2" }]);
  // The shop follows the first store, which is dead: the agents beside it tell of the switch.
  await until(
    "orders on dc2 while the store is dead",
    async () => successesSince(test.shopEvents, ENGINE, wallMs() - 500),
    (count) => count > 5,
  );
  expect((await readMonitor(lab, ENGINE)).owedStores).toEqual(["main"]);

  // All at once: a member alone has no quorum and is not ready.
  const revived = await Promise.all(MEMBERS.map((member) => applyFault(lab, "revive", member)));
  expect(revived).toEqual([null, null, null]);
  await until(
    "nothing owed",
    () => readMonitor(lab, ENGINE),
    (monitor) => monitor.owedStores.length === 0,
  );
  await applyFault(lab, "revive", `${ENGINE}-dc1`);
  await untilHealthy(lab);
});

it("[SAFE-1] a route that a person writes into one store is found, taken over and brought to the other one", async () => {
  const { lab } = test;
  const before = await readMonitor(lab, ENGINE);
  const [found] = await readRoutes();
  if (found === undefined) throw new Error("the second store has no route");
  const { key, route: ours } = found;
  const to = before.active === "dc1" ? "dc2" : "dc1";
  const byHand: Route = {
    ...ours,
    ...{ epoch: ours.epoch + 1, decision: randomUUID(), after: ours.decision, active: to },
    trail: [ours.decision, ...(ours.trail ?? [])].slice(0, TRAIL_MAX),
    ...{ reason: "dc1 is going to be shut down", decidedBy: "a person beside the control plane" },
  };
  const writtenAtMs = wallMs();
  await second.call("/v3/kv/put", { key, value: base64(JSON.stringify(byHand)) });
  const after = await until(
    "the person's route",
    () => readMonitor(lab, ENGINE),
    (monitor) => monitor.epoch === byHand.epoch && monitor.owedStores.length === 0,
  );
  expect(after).toMatchObject({ active: to, armed: false });
  // The shop follows the first store, into which nobody wrote by hand.
  await until(
    `orders on ${to}`,
    async () =>
      test.shopEvents.filter(
        (event) => event.type === "order" && event.dataCentre === to && event.startedAtMs > writtenAtMs,
      ),
    (orders) => orders.length > 5,
  );

  await second.call("/v3/kv/put", { key, value: base64(JSON.stringify(ours)) });
  await until(
    "the older route that was put back to make way",
    async () => (await readRoutes())[0]?.route,
    (route) => route?.decision === byHand.decision,
  );
});
