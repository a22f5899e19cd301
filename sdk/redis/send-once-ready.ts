import { NotWritableError } from "../errors.ts";
import { type AcquireRequest, acquireConnection } from "../switching/acquire.ts";
import type { RedisSide } from "./redis-side.ts";

/** A method of ioredis, whatever it takes. */
export type Method = (...args: unknown[]) => unknown;

/** @returns the error of a command that was not sent, because its side takes no writes */
export function notWritable(command: string): NotWritableError {
  return new NotWritableError(`the active data centre is set to not writable, so ${command} was not sent`);
}

/** Refuses a call in the form, callback or promise, in which it was made. */
export function refuse(error: Error, args: unknown[]): unknown {
  const callback = args.at(-1);
  if (typeof callback !== "function") return Promise.reject(error);
  process.nextTick(callback as Method, error);
  return undefined;
}

/** @returns the arguments of a call, but for a callback */
export function withoutCallback(args: unknown[]): unknown[] {
  return typeof args.at(-1) === "function" ? args.slice(0, -1) : args;
}

/** Answers in the form, callback or promise, in which a call was made. */
export function settle(args: unknown[], answer: Promise<unknown>): unknown {
  const callback = args.at(-1);
  if (typeof callback !== "function") return answer;
  // In a turn of its own, so that what the callback throws is uncaught, as with ioredis.
  answer.then(
    (value) => setImmediate(callback as Method, null, value),
    (error: unknown) => setImmediate(callback as Method, error),
  );
  return undefined;
}

/** Sends a command, or null: a chain, once the active side is ready; in the form, callback or promise, in which it was called. */
export function onceReady(
  request: AcquireRequest<RedisSide, RedisSide>,
  args: unknown[],
  command: string | null,
  send: (side: RedisSide) => unknown,
): unknown {
  const callback = args.at(-1);
  if (typeof callback === "function") {
    const answer = (error: Error | null, side: RedisSide | null) =>
      void (side === null ? (callback as Method)(error) : send(side));
    acquireConnection(request, answer, command);
    return undefined;
  }
  return new Promise((resolve, reject) => {
    const answer = (error: Error | null, side: RedisSide | null) => {
      if (side === null) reject(error);
      else resolve(send(side));
    };
    acquireConnection(request, answer, command);
  });
}

/** Connecting goes on by itself; whoever needs the connection waits a moment for it. */
export function waitUntilReady(
  side: RedisSide,
  waitMs: number,
  done: (error: Error | null, side: RedisSide | null) => void,
): void {
  const { redis } = side;
  if (redis.status === "ready") {
    process.nextTick(done, null, side);
    return;
  }
  const finish = (): void => {
    clearTimeout(timer);
    redis.off("ready", finish);
    if (redis.status === "ready") done(null, side);
    else {
      const error = new Error(`${side.dataCentre}: the connection is not ready but ${redis.status}`);
      done(Object.assign(error, { code: "ETIMEDOUT" }), null);
    }
  };
  const timer = setTimeout(finish, waitMs);
  redis.once("ready", finish);
}
