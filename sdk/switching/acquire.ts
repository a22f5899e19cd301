import { OverloadedError } from "../errors.ts";
import type { Side } from "./side.ts";
import type { Switchboard } from "./switchboard.ts";

/** Calls that may wait for a connection of one side; beyond that, waiting would only fill the memory. */
export const MAX_WAITING = 10_000;

/** @returns the error of a call for which there is no room at a side */
export function tooManyWait(dataCentre: string): OverloadedError {
  return new OverloadedError(`${MAX_WAITING} calls wait for a connection to ${dataCentre} already`);
}

/** How a call that was not sent is tried again. */
export interface Retry {
  readonly times: number;
  readonly delayMs: number;
}

/** What acquiring needs to know of a driver. */
export interface AcquireRequest<S extends Side, C> {
  readonly board: Switchboard<S>;
  readonly retry: Retry;
  /** Asks a side for a connection; `done` is called once, in a later turn. */
  acquire(side: S, done: (error: Error | null, connection: C | null) => void): void;
  /** Gives back a connection that came too late. */
  giveBack(connection: C): void;
  /**
   * Says of what a call is about, such as its statement, whether it may write; asked only while such calls are held.
   * Absent: all may.
   */
  mayWrite?(subject: unknown): boolean;
  /** @returns true if this error says that the server could not be reached, so that another try makes sense */
  isAway(error: Error): boolean;
}

/** Gets the connection and the side that it belongs to, or the error. */
export type Acquired<S extends Side, C> = (error: Error | null, connection: C | null, side: S | null) => void;

/**
 * Gets a connection of the active side. Nothing has been sent yet, so a call that waits here when the route changes goes
 * on at the new side, one whose server is away is tried again, at once if the route changes meanwhile, and one that may
 * write is held while a planned switch says so.
 *
 * @param request the driver
 * @param done gets the connection and its side, or the error; called once
 * @param subject what the call is about, for the driver's `mayWrite`
 */
export function acquireConnection<S extends Side, C>(
  request: AcquireRequest<S, C>,
  done: Acquired<S, C>,
  subject?: unknown,
): void {
  tryOnce(request, done, subject, request.retry.times);
}

function tryOnce<S extends Side, C>(
  request: AcquireRequest<S, C>,
  done: Acquired<S, C>,
  subject: unknown,
  triesLeft: number,
): void {
  const { board } = request;
  if (board.hold.isOn && request.mayWrite?.(subject) !== false) {
    board.hold.add((refusal) => {
      if (refusal === null) tryOnce(request, done, subject, triesLeft);
      else done(refusal, null, null);
    });
    return;
  }
  const side = board.active;
  if (side === null) {
    process.nextTick(done, board.refusal, null, null);
    return;
  }
  if (side.waiting.size >= MAX_WAITING) {
    process.nextTick(done, tooManyWait(side.dataCentre), null, null);
    return;
  }
  let given = false;
  const waiting = {
    leave: () => {
      given = true;
      return () => tryOnce(request, done, subject, triesLeft);
    },
  };
  side.waiting.add(waiting);
  request.acquire(side, (error, connection) => {
    if (given) {
      if (connection !== null) request.giveBack(connection);
      return;
    }
    given = true;
    side.waiting.delete(waiting);
    if (error !== null && triesLeft > 0 && request.isAway(error)) {
      board.waitForSwitch(request.retry.delayMs, () => tryOnce(request, done, subject, triesLeft - 1));
      return;
    }
    done(error, connection, side);
  });
}

/** Connection errors as Node names them: the server is not there, or was there a moment ago. */
const NETWORK_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/**
 * Tells a server that cannot be reached from one that answers something.
 *
 * @param error what connecting ended with
 * @returns true for errors of the network
 */
export function isNetworkError(error: Error): boolean {
  if ("code" in error && typeof error.code === "string") return NETWORK_CODES.has(error.code);
  return (
    error instanceof AggregateError &&
    error.errors.some((each) => each instanceof Error && isNetworkError(each))
  );
}
