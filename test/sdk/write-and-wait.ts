import { readFileSync } from "node:fs";
import { openRedis } from "../../sdk/open-redis.ts";

/** A process of an application: it writes so many orders doubly, says so, and goes on living until it is killed. */
const [file = "", orders = "0"] = process.argv.slice(2);
const source = await openRedis(readFileSync(file, "utf8"), { snapshotFile: false });
const { client } = source;
await client.rpush("order:list", "a", "b", "c");
for (let order = 0; order < Number(orders); order += 1) {
  await client.incr("order:count");
  await client.set(`order:${order}`, `value ${order}`);
}
console.log("written");
