import type { Readers } from "../routing/create-readers.ts";
import { isReady, isReplyError, type RedisSide } from "./redis-side.ts";

/** Answers of a server that cannot be read now; another one may. */
const CANNOT_READ = /^(LOADING|MASTERDOWN|MISCONF|BUSY)\b/;

/**
 * Asks a server for reads; the active side, where that one does not answer or there is none.
 *
 * @param readers chooses the server
 * @param ask asks one
 * @param askActive asks the active side
 */
export async function readNearby(
  readers: Readers<RedisSide>,
  ask: (side: RedisSide) => unknown,
  askActive: () => unknown,
): Promise<unknown> {
  const side = readers.pick();
  if (side === null || !isReady(side.redis)) return await askActive();
  try {
    return await ask(side);
  } catch (error) {
    if (isReplyError(error) && !CANNOT_READ.test(error.message)) throw error;
    return await askActive();
  }
}
