import { Cluster } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { watchCalls } from "../../sdk/redis/cluster-calls.ts";
import { createRedisSide } from "../../sdk/redis/redis-side.ts";
import { eventually } from "../eventually.ts";
import { bulk, serveRedis } from "../plugins/fake-redis.ts";

test("a call that a node has put off counts as under way until it was sent again", async () => {
  const cluster = new Cluster([{ host: "127.0.0.1", port: 1 }], { lazyConnect: true });
  onTestFinished(() => cluster.disconnect());
  const calls = watchCalls(cluster, undefined);
  expect(calls.mark()).toBeNull();
  const counted: number[] = [];
  const delays = Reflect.get(cluster, "delayQueue");
  for (let call = 0; call < 2; call += 1)
    delays.push("tryagain", () => counted.push(calls.count()), { timeout: 1 });
  expect(calls.count()).toBe(2);
  const isStanding = calls.mark();
  expect(isStanding?.()).toBe(true);
  await eventually(() => expect(counted).toEqual([1, 0]));
  expect(isStanding?.()).toBe(false);
  expect(calls.count()).toBe(0);
});

test("what was under way has ended when it is answered, whatever came after it", async () => {
  const server = await serveRedis((command) =>
    command.startsWith("info") ? bulk("loading:0\r\n") : "+OK\r\n",
  );
  onTestFinished(server.close);
  const [host = "", port] = server.address.split(":");
  const side = createRedisSide(
    {
      ...{ dataCentre: "dc1", source: { host, port: Number(port) }, readOnly: false, isReader: false },
      ...{ connectTimeoutMs: 10_000, onBroken: () => undefined, onReadOnly: () => undefined },
    },
    {},
  );
  onTestFinished(() => side.close());
  await eventually(() => expect(side.redis.status).toBe("ready"));
  const noted = side.redis.set("order:1", "tea");
  const hasEnded = side.noteUse?.();
  expect(hasEnded?.()).toBe(false);
  await noted;
  const later = side.redis.get("order:1");
  expect([hasEnded?.(), side.busy()]).toEqual([true, 1]);
  await later;
});
