import { findSdkErrorCode, RETRYABLE } from "../errors.ts";
import { unwrapError } from "../unwrap-error.ts";
import type { Retry } from "./acquire.ts";
import type { Side } from "./side.ts";
import type { Switchboard } from "./switchboard.ts";

/** Where and how often something is tried again. */
export interface TryAgainRequest {
  readonly board: Pick<Switchboard<Side>, "active" | "reread" | "waitForSwitch">;
  readonly retry: Retry;
}

/**
 * Waits for the side that writes, after a server has refused a write as not being the one: the route is read again, and it
 * goes on at once where that moved the pointer, else after the configured delay or at the next switch.
 *
 * @param request where
 * @param next goes on
 */
export function waitForWriter({ board, retry }: TryAgainRequest, next: () => void): void {
  const refusing = board.active;
  // The side has asked for this already; who asks meanwhile shares one reading.
  void board.reread().then(() => {
    if (board.active !== refusing) next();
    else board.waitForSwitch(retry.delayMs, next);
  });
}

/**
 * Does work that may be done twice, and again from its beginning when a switch or a lost connection has ended it.
 *
 * @param request where, how often
 * @param work the work
 * @param isAway says of a driver's error whether the server could not be reached
 * @returns what the work gave
 * @throws the work's last error
 */
export async function repeatWork<T>(
  { board, retry }: TryAgainRequest,
  work: () => Promise<T>,
  isAway: (error: Error) => boolean,
): Promise<T> {
  for (let triesLeft = retry.times; ; triesLeft -= 1) {
    const side = board.active;
    try {
      return await work();
    } catch (error) {
      if (triesLeft === 0 || !mayPass(error, isAway)) throw error;
    }
    // What a switch ended is begun again at once: the other side stands.
    if (board.active === side)
      await new Promise<void>((resume) => board.waitForSwitch(retry.delayMs, resume));
  }
}

/** Errors that another side, or the same one a moment later, may not have. */
function mayPass(error: unknown, isAway: (error: Error) => boolean): boolean {
  const code = findSdkErrorCode(error);
  return code === null ? unwrapError(error).some(isAway) : RETRYABLE[code];
}
