import { Redis } from "ioredis";
import { LAB_HOST } from "../processes/ports.ts";

const WITHIN_MS = 5000;

/** Where a server is, and as whom to log in. */
export interface RedisLogin {
  readonly host?: string;
  readonly port: number;
  /** The default user, if left out. */
  readonly user?: string;
  /** Nobody logs in, if left out. */
  readonly password?: string;
}

/**
 * Connects to a server, does something, and closes the connection. A server that still reads its data answers the first
 * command with LOADING, which is thrown.
 *
 * @param login the server and the account
 * @param use what to do
 * @throws what `use` throws, or why the connection came to nothing
 */
export async function useRedis<Result>(
  { host = LAB_HOST, port, user, password }: RedisLogin,
  use: (redis: Redis) => Promise<Result>,
): Promise<Result> {
  const redis = new Redis({
    ...{ host, port },
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: WITHIN_MS,
    commandTimeout: WITHIN_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let cause: Error | undefined;
  // connect() says no more than that the connection is closed; why stands in the last of these events.
  redis.on("error", (error: Error) => {
    cause = error;
  });
  try {
    await redis.connect();
    return await use(redis);
  } catch (error) {
    throw cause ?? error;
  } finally {
    redis.disconnect();
  }
}
