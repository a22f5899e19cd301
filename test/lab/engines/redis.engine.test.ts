import type { EngineDataCentre } from "@evenkeel/lab/engines/engine-handle";
import { ORDER_KEY_PREFIX, startRedis } from "@evenkeel/lab/engines/redis";
import { Redis } from "ioredis";
import { describeOrderDatabase } from "./order-database.ts";

async function connect<Result>(
  { host, port }: EngineDataCentre,
  account: { user: string; password: string } | undefined,
  use: (redis: Redis) => Promise<Result>,
): Promise<Result> {
  const login = account === undefined ? {} : { username: account.user, password: account.password };
  const redis = new Redis({
    host,
    port,
    ...login,
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
  });
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

await describeOrderDatabase("Redis", {
  program: "redis",
  replicates: false,
  start: startRedis,
  place: async (server, ids) => {
    await connect(server, server.users.app, async (redis) => {
      for (const id of ids) await redis.set(`${ORDER_KEY_PREFIX}${id}`, "tea");
    });
  },
  pingAsProbe: async (server) =>
    await connect(server, server.users.probe, async (redis) => [
      await redis.ping(),
      await redis.role(),
      await redis.info("replication"),
      await redis.get("mas:probe"),
    ]),
  readAsProbe: async (server) =>
    await connect(server, server.users.probe, async (redis) => await redis.get(`${ORDER_KEY_PREFIX}1`)),
  connectWithout: async (server) => await connect(server, undefined, async (redis) => await redis.ping()),
});
