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

/** Sends to the active side once that is ready; in the form, callback or promise, in which it was called. */
export function onceReady(
  request: AcquireRequest<RedisSide, RedisSide>,
  args: unknown[],
  mayWrite: () => boolean,
  send: (side: RedisSide) => unknown,
): unknown {
  const callback = args.at(-1);
  if (typeof callback === "function") {
    const answer = (error: Error | null, side: RedisSide | null) =>
      void (side === null ? (callback as Method)(error) : send(side));
    acquireConnection(request, answer, mayWrite);
    return undefined;
  }
  return new Promise((resolve, reject) => {
    const answer = (error: Error | null, side: RedisSide | null) => {
      if (side === null) reject(error);
      else resolve(send(side));
    };
    acquireConnection(request, answer, mayWrite);
  });
}
