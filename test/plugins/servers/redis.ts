import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startRedis } from "@evenkeel/lab/engines/redis";
import { Redis } from "ioredis";
import type { EngineUnderTest, ServerUnderTest } from "../engine-suite.ts";
import type { TestCertificate } from "../test-certificates.ts";

/** Where the server listens for TLS, counted from its own port; the lab has nothing there. */
const TLS_AT = 3;
/** Clients that the server takes while it is to be full. */
const LIMIT = 6;

export async function administer<Result>(
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

export async function fill(server: ServerUnderTest): Promise<() => Promise<void>> {
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

/** Has the server listen for TLS too, which it can do while it runs. */
export async function useCertificate(
  server: ServerUnderTest,
  { cert, key }: TestCertificate,
  clientAuthority: string,
): Promise<{ readonly address: string }> {
  const folder = join(server.stateDir, "redis", "dc1");
  const files = { "tls-cert-file": cert, "tls-key-file": key, "tls-ca-cert-file": clientAuthority };
  const settings = Object.entries(files).flatMap(([name, pem]) => {
    writeFileSync(join(folder, name), pem, { mode: 0o600 });
    return [name, join(folder, name)];
  });
  await administer(server, async (redis) => {
    await redis.call(
      "CONFIG",
      "SET",
      ...settings,
      "tls-auth-clients",
      "yes",
      "tls-port",
      server.port + TLS_AT,
    );
  });
  return { address: `${server.host}:${server.port + TLS_AT}` };
}

/** What the tests need to know of Redis. */
export const REDIS: EngineUnderTest = {
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
};
