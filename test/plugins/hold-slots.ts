import { setTimeout as pause } from "node:timers/promises";

/** Sessions of the test itself that are in before the server is filled. */
export const KEPT_SESSIONS = 1;

/** Before a refused connection is tried again. */
const RETRY_MS = 10;
/** Refusals before a test gives up: servers let go of closed connections within milliseconds. */
const REFUSALS_MAX = 1000;

/**
 * Holds a number of connections at once. A server goes on counting a connection for a moment after its client
 * has closed it, so a refusal on the way means that it is not full yet of those who stay: it is tried again.
 *
 * @param count of connections to hold
 * @param connect opens one, rejects when it is refused
 * @param isFull tells the refusal of a full server from other errors, which are thrown
 * @throws Error when the server stays full with fewer
 */
export async function holdSlots<Connection>(
  count: number,
  connect: () => Promise<Connection>,
  isFull: (error: unknown) => boolean,
): Promise<Connection[]> {
  const held: Connection[] = [];
  for (let refusals = 0; held.length < count; ) {
    try {
      held.push(await connect());
    } catch (error) {
      if (!isFull(error)) throw error;
      refusals += 1;
      if (refusals > REFUSALS_MAX) throw new Error(`the server is full with ${held.length} of ${count}`);
      await pause(RETRY_MS);
    }
  }
  return held;
}
