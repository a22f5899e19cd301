import { PrismaPg } from "@prisma/adapter-pg";
import { expect, test } from "vitest";
import { z } from "zod";
import { openPostgres } from "../../sdk/open-postgres.ts";
import { describeOrm, ITEM } from "./orm-suite.ts";
import { type OrdersClient, openPrisma } from "./prisma-client.ts";

const PortRows = z.tuple([z.object({ port: z.number() })]);

describeOrm({
  name: "prisma",
  engine: "postgresql",
  portBase: 22_700,
  async open(sites) {
    const source = await openPostgres(sites.config, { snapshotFile: false });
    const db = openPrisma(new PrismaPg(source.pool));
    const inserting = (into: OrdersClient) => (id: string) =>
      into.orders.create({ data: { id, item: ITEM } });
    return {
      source,
      insert: inserting(db),
      port: async () => PortRows.parse(await db.$queryRaw`SELECT inet_server_port() AS port`)[0].port,
      items: async (id) => (await db.orders.findMany({ where: { id } })).map(({ item }) => item),
      transaction: (work) => db.$transaction((transaction) => work({ insert: inserting(transaction) })),
      async close() {
        await db.$disconnect();
        await source.close();
      },
    };
  },
});

test("prisma's own words for a server that is not there are known to source.repeat", async () => {
  const times = 2;
  const source = await openPostgres({
    props: { version: "v1", instanceId: "local", appId: "local", monitorId: "local" },
    sources: { dc1: { host: "127.0.0.1", port: 1 } },
    router: { active: "dc1", algorithm: "single-read-write", retry: { times, delayMs: 1 } },
  });
  const db = openPrisma(new PrismaPg(source.pool));
  let asked = 0;
  const work = source.repeat(() => {
    asked += 1;
    return db.orders.findMany({ where: { id: "a" } });
  });
  await expect(work).rejects.toMatchObject({ code: "P1001" });
  expect(asked).toBe(times + 1);
  await db.$disconnect();
  await source.close();
});
