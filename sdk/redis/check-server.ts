import type { Cluster, Redis } from "ioredis";

/** Our own event on a connection that was given up: whoever waits for it may stop. */
export const DISCARDED = "evenkeel-discarded";

/**
 * Proves that a server answers; a handshake that hangs is cut so that ioredis begins anew.
 *
 * @param redis the connection
 * @param timeoutMs for becoming ready, and again for the answer
 * @param lastError why connecting failed last
 * @throws Error if it does not answer
 */
export async function checkServer(
  redis: Redis,
  timeoutMs: number,
  lastError: () => Error | null,
): Promise<void> {
  if (redis.status !== "ready") {
    const cut = (): void => {
      if (redis.status === "connect") redis.stream.destroy();
    };
    await becomesReady(redis, timeoutMs, lastError, cut);
  }
  await answers(redis, timeoutMs);
}

/**
 * Asks a server for a sign of life; the connection to one that gives none is cut.
 *
 * @param redis the connection
 * @param timeoutMs for the answer
 * @throws Error if there is none
 */
export async function answers(redis: Redis, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | null = null;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      // There is none before the first attempt to connect.
      redis.stream?.destroy();
      reject(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    await Promise.race([redis.ping(), late]);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

/**
 * Waits for a connection that is being made.
 *
 * @param redis the connection
 * @param timeoutMs how long
 * @param lastError why connecting failed last
 * @param onLate called when it is not ready in time
 * @throws Error if it is not ready in time, was ended or given up
 */
export function becomesReady(
  redis: Redis | Cluster,
  timeoutMs: number,
  lastError: () => Error | null,
  onLate: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null): void => {
      clearTimeout(timer);
      redis.off("ready", onReady);
      redis.off("end", onEnd);
      redis.off(DISCARDED, onEnd);
      if (error === null) resolve();
      else reject(error);
    };
    const onReady = (): void => settle(null);
    const onEnd = (): void => settle(new Error("the connection was ended"));
    const timer = setTimeout(() => {
      onLate();
      settle(lastError() ?? new Error(`not connected within ${timeoutMs} ms`));
    }, timeoutMs);
    redis.once("ready", onReady);
    redis.once("end", onEnd);
    redis.once(DISCARDED, onEnd);
  });
}
