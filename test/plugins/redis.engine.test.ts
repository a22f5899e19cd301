import { startRedis } from "@evenkeel/lab/engines/redis";
import { Redis } from "ioredis";
import { describePlugin, type ServerUnderTest } from "./engine-suite.ts";

/** Clients that the server takes while it is to be full. */
const LIMIT = 6;

async function administer<Result>(
  { host, port, admin }: ServerUnderTest,
  use: (redis: Redis) => Promise<Result>,
): Promise<Result> {
  const redis = new Redis({ host, port, username: admin.user, password: admin.password, lazyConnect: true });
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

async function fill(server: ServerUnderTest): Promise<() => Promise<void>> {
  const { host, port, admin } = server;
  // The monitor's kept session and this connection are in already.
  const clients = Array.from(
    { length: LIMIT - 1 },
    () => new Redis({ host, port, username: admin.user, password: admin.password, lazyConnect: true }),
  );
  for (const client of clients) await client.connect();
  await clients[0]?.config("SET", "maxclients", String(LIMIT));
  return async () => {
    await clients[0]?.config("SET", "maxclients", "10000");
    for (const client of clients) client.disconnect();
  };
}

await describePlugin("Redis", {
  kind: "redis",
  program: "redis",
  adminPassword: "redis-admin",
  start: startRedis,
  wrongPasswordCode: "WRONGPASS",
  missingDatabaseCode: null,
  fullCode: "MAXCLIENTS",
  setReadOnly: async (server, on) =>
    await administer(server, async (redis) => {
      if (on) await redis.replicaof("127.0.0.1", server.port + 1);
      else await redis.replicaof("NO", "ONE");
    }),
  fill,
});
