import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { openMysql } from "@evenkeel/sdk/open-mysql";
import { eq } from "drizzle-orm";
import { mysqlTable, text, varchar } from "drizzle-orm/mysql-core";
import { drizzle } from "drizzle-orm/mysql2";

const EVERY_MS = 100;

const orders = mysqlTable("orders", {
  id: varchar({ length: 64 }).primaryKey(),
  item: text(),
});

const source = await openMysql(await readFile(process.env.EVENKEEL_CONFIG ?? "evenkeel.yaml", "utf8"));
const db = drizzle({ client: source.pool });
source.on("switched", ({ from, to, reason }) => console.log(`switched from ${from} to ${to}: ${reason}`));

/** Places an order and reads it back, both or neither; its id keeps it from being placed twice. */
async function placeOrder(id: string): Promise<void> {
  await db.transaction(async (transaction) => {
    await transaction.insert(orders).ignore().values({ id, item: "a book" });
    const found = await transaction.select().from(orders).where(eq(orders.id, id));
    if (found.length !== 1) throw new Error(`order ${id} is not there`);
  });
}

let ending = false;
process.once("SIGTERM", () => {
  ending = true;
});
while (!ending) {
  const id = randomUUID();
  const startedAtMs = performance.now();
  try {
    // A transaction over which a switch came is begun again, on the new side.
    await source.repeat(() => placeOrder(id));
    console.log(`placed ${id} in ${(performance.now() - startedAtMs).toFixed(1)} ms`);
  } catch (error) {
    console.log(`failed ${id}: ${error instanceof Error ? error.message : error}`);
  }
  await delay(EVERY_MS);
}
await source.close();
