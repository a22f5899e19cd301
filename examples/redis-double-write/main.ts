import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { openRedis } from "@evenkeel/sdk/open-redis";

const EVERY_MS = 100;
const KEPT_FOR_S = 3600;

// The console hands out single-read-write; whether writes are copied too is the application's choice.
const handedOut = await readFile(process.env.EVENKEEL_CONFIG ?? "evenkeel.yaml", "utf8");
const source = await openRedis(handedOut.replace("single-read-write", "single-read-async-double-write"));
const { client, copies } = source;
source.on("switched", ({ from, to, reason }) => console.log(`switched from ${from} to ${to}: ${reason}`));
source.on("diverged", ({ dataCentre, reason, message }) =>
  console.log(`copies are missing in ${dataCentre} (${reason}): ${message}`),
);

/** Places an order and counts it, both or neither; the copy gets the number that was counted to. */
async function placeOrder(id: string): Promise<number> {
  const results = await client
    .multi()
    .set(`order:${id}`, "a book", "EX", KEPT_FOR_S)
    .incr("order:count")
    .exec();
  // ioredis resolves even where a command of the transaction was refused.
  for (const [error] of results ?? []) if (error !== null) throw error;
  return Number(results?.[1]?.[1]);
}

let ending = false;
process.once("SIGTERM", () => {
  ending = true;
});
while (!ending) {
  const id = randomUUID();
  const startedAtMs = performance.now();
  try {
    const count = await placeOrder(id);
    const waiting = copies?.status().reduce((sum, { queued }) => sum + queued, 0);
    const tookMs = (performance.now() - startedAtMs).toFixed(1);
    console.log(`placed ${id} in ${tookMs} ms, number ${count}, ${waiting} copies under way`);
  } catch (error) {
    console.log(`failed ${id}: ${error instanceof Error ? error.message : error}`);
  }
  await delay(EVERY_MS);
}
await source.close();
