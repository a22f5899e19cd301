import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { type MongoSource, openMongo } from "../../sdk/open-mongo.ts";
import { eventually } from "../eventually.ts";
import type { TwoSites } from "./two-sites.ts";
import { nextSwitch, useTwoSites } from "./use-two-sites.ts";

const PORT_BASE = 26_100;
const PLANNED = { decidedBy: "operator:a test" };
const DOCUMENTS = 5;

interface Order {
  _id: string;
  item: string;
}

let sites: TwoSites;
const { it, keep } = useTwoSites("mongodb", PORT_BASE, (started) => {
  sites = started;
});

async function openAtHome(drainMs: number): Promise<MongoSource> {
  await sites.route({ active: "dc1", ...PLANNED });
  return keep(await openMongo(sites.config, { snapshotFile: false, drainMs }));
}

async function switchTo(source: MongoSource, active: string, more = {}): Promise<void> {
  const switched = nextSwitch(source);
  await sites.route({ active, ...more });
  await switched;
}

it("a cursor that is open reads on where it began through a planned switch", async () => {
  const source = await openAtHome(60_000);
  const item = `batch-${randomUUID()}`;
  const orders = source.db().collection<Order>("orders");
  await orders.insertMany(
    Array.from({ length: DOCUMENTS }, (_, at): Order => ({ _id: `${item}-${at}`, item })),
  );
  const cursor = orders.find({ item }, { batchSize: 1 });
  expect(await cursor.next()).not.toBeNull();
  await switchTo(source, "dc2", PLANNED);
  let left = 0;
  for await (const _ of cursor) left += 1;
  expect(left).toBe(DOCUMENTS - 1);
  expect(await source.db().collection<Order>("orders").countDocuments({ item })).toBe(0);
});

it("a Db that somebody kept writes nothing behind a switch once the drain time is over", async () => {
  const source = await openAtHome(10);
  const kept = source.db().collection<Order>("orders");
  await kept.countDocuments({});
  await switchTo(source, "dc2", PLANNED);
  const id = `late-${randomUUID()}`;
  await eventually(async () => {
    const refused = { code: "EVENKEEL_SWITCHED", retryable: true, from: "dc1", to: "dc2" };
    await expect(kept.updateOne({ _id: id }, { $set: { item: "" } })).rejects.toMatchObject(refused);
  });
  await expect(kept.insertOne({ _id: id, item: "late" })).rejects.toMatchObject({
    code: "EVENKEEL_SWITCHED",
  });
  expect(await sites.engine.countOrders("dc1", [id])).toBe(0);
  await source.db().collection<Order>("orders").insertOne({ _id: id, item: "now" });
  expect(await sites.engine.countOrders("dc2", [id])).toBe(1);
});

it("work stays on one side: a switch ends it, and only work that may be done twice is begun again", async () => {
  const source = await openAtHome(1000);
  const ids = [`one-${randomUUID()}`, `two-${randomUUID()}`] as const;
  let rounds = 0;
  const work = (to: string) => async (db: ReturnType<MongoSource["db"]>) => {
    rounds += 1;
    const orders = db.collection<Order>("orders");
    await orders.updateOne({ _id: ids[0] }, { $set: { item: "a" } }, { upsert: true });
    if (rounds === 1) await switchTo(source, to);
    await orders.updateOne({ _id: ids[1] }, { $set: { item: "b" } }, { upsert: true });
  };
  await expect(source.run(work("dc2"))).rejects.toMatchObject({ code: "EVENKEEL_SWITCHED" });
  expect(rounds).toBe(1);
  expect(await sites.engine.countOrders("dc2", ids)).toBe(0);
  rounds = 0;
  await source.run(work("dc1"), { idempotent: true });
  expect(rounds).toBe(2);
  expect(await sites.engine.countOrders("dc1", ids)).toBe(2);
});
