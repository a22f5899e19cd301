import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { findSdkErrorCode } from "@evenkeel/sdk/errors";
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

/** Places an order and reads it back, both or neither. */
async function placeOrder(id: string): Promise<void> {
  await db.transaction(async (transaction) => {
    await transaction.insert(orders).ignore().values({ id, item: "a book" });
    const found = await transaction.select().from(orders).where(eq(orders.id, id));
    if (found.length !== 1) throw new Error(`order ${id} is not there`);
  });
}

/** A transaction over which a switch came is begun again, on the new side; its id keeps the order from being placed twice. */
async function placeOnce(id: string): Promise<void> {
  try {
    await placeOrder(id);
  } catch (error) {
    if (findSdkErrorCode(error) !== "EVENKEEL_SWITCHED") throw error;
    await placeOrder(id);
  }
}

let ending = false;
process.once("SIGTERM", () => {
  ending = true;
});
while (!ending) {
  const id = randomUUID();
  const startedAtMs = performance.now();
  try {
    await placeOnce(id);
    console.log(`placed ${id} in ${(performance.now() - startedAtMs).toFixed(1)} ms`);
  } catch (error) {
    console.log(`failed ${id}: ${error instanceof Error ? error.message : error}`);
  }
  await delay(EVERY_MS);
}
await source.close();
