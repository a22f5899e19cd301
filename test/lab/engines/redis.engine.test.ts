import type { EngineDataCentre } from "@evenkeel/lab/engines/engine-handle";
import { ORDER_KEY_PREFIX, startRedis } from "@evenkeel/lab/engines/redis";
import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import { describeOrderDatabase } from "./order-database.ts";

const as = ({ host, port }: EngineDataCentre, account?: { user: string; password: string }) => ({
  ...{ host, port },
  ...account,
});

await describeOrderDatabase("Redis", {
  program: "redis",
  replicates: false,
  start: startRedis,
  place: async (server, ids) => {
    await useRedis(as(server, server.users.app), async (redis) => {
      for (const id of ids) await redis.set(`${ORDER_KEY_PREFIX}${id}`, "tea");
    });
  },
  pingAsProbe: async (server) =>
    await useRedis(as(server, server.users.probe), async (redis) => [
      await redis.ping(),
      await redis.role(),
      await redis.info("replication"),
      await redis.get("mas:probe"),
    ]),
  readAsProbe: async (server) =>
    await useRedis(as(server, server.users.probe), async (redis) => await redis.get(`${ORDER_KEY_PREFIX}1`)),
  connectWithout: async (server) => await useRedis(as(server), async (redis) => await redis.ping()),
});
