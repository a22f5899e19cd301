import { findSdkErrorCode, RETRYABLE, unwrapError } from "../errors.ts";
import type { Retry } from "./acquire.ts";
import type { Side } from "./side.ts";
import type { Switchboard } from "./switchboard.ts";

/** Where and how often something is tried again. */
export interface TryAgainRequest {
  readonly board: Pick<Switchboard<Side>, "active" | "reread" | "waitForSwitch">;
  readonly retry: Retry;
}

/** Gets a result or an error. */
export type Tried<R> = (error: Error | null, result: R | null) => void;

/** What is attempted. */
export interface Attempt<R> {
  make(tried: Tried<R>): void;
  /** Says of an error whether the server refused a write because it is not the one that writes. */
  isRefused(error: Error): boolean;
  /** @returns whether nothing of it was done then */
  mayRepeat(): boolean;
}

/**
 * Makes an attempt. When a server refuses it as not the one that writes, the attempt waits until the
 * route is read again and is made again: at once where that moved the pointer, else after the configured delay or at the next switch.
 *
 * @param request where, how often
 * @param attempt makes one
 * @param done gets the last attempt's result or error
 */
export function tryOnWriter<R>({ board, retry }: TryAgainRequest, attempt: Attempt<R>, done: Tried<R>): void {
  const begin = (triesLeft: number): void => {
    const side = board.active;
    attempt.make((error, result) => {
      const isAgain = error !== null && triesLeft > 0 && attempt.isRefused(error) && attempt.mayRepeat();
      if (!isAgain) return done(error, result);
      // The side has asked for this already; who asks meanwhile shares one reading.
      void board.reread().then(() => {
        const next = (): void => begin(triesLeft - 1);
        if (board.active !== side) next();
        else board.waitForSwitch(retry.delayMs, next);
      });
    });
  };
  begin(retry.times);
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
