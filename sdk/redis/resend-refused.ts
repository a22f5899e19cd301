import type { Redis } from "ioredis";
import { type AcquireRequest, acquireConnection } from "../switching/acquire.ts";
import { waitForWriter } from "../switching/try-again.ts";
import type { RedisSide } from "./redis-side.ts";
import { notWritable } from "./send-once-ready.ts";

/** With what a replica refuses a write, of which it has done nothing then. */
export const READ_ONLY = "READONLY";

/** A command of ioredis, as far as it matters here. */
export interface RefusedCommand {
  readonly inTransaction: boolean;
  /** Its place in a pipeline, automatic ones too. */
  readonly pipelineIndex?: number;
  reject(error: Error): void;
}

/** Sends commands again that a replica refused. */
export interface Resender {
  /** From now on it sends so; before, and without that, nothing is sent again. */
  use(request: AcquireRequest<RedisSide, RedisSide>): void;
  /** @returns true if the command is taken care of; false: it is to be rejected */
  take(command: RefusedCommand): boolean;
}

/**
 * Makes a resender. It stands where ioredis hands over the server's error, so that no call that succeeds costs anything:
 * the route is read again, and the command, with its promise, goes to the side that is active then, at once or after the
 * configured delay, as often as configured. What belongs to a pipeline or transaction stays with it.
 *
 * @returns a resender
 */
export function createResender(): Resender {
  const sent = new WeakMap<RefusedCommand, number>();
  let request: AcquireRequest<RedisSide, RedisSide> | null = null;
  return {
    use(given) {
      request = given;
    },
    take(command) {
      const times = sent.get(command) ?? 0;
      if (request === null || times >= request.retry.times) return false;
      if (command.inTransaction || command.pipelineIndex !== undefined) return false;
      sent.set(command, times + 1);
      sendAgain(request, command);
      return true;
    },
  };
}

function sendAgain(request: AcquireRequest<RedisSide, RedisSide>, command: RefusedCommand): void {
  waitForWriter(request, () =>
    acquireConnection(request, (error, side) => {
      if (side === null) command.reject(error ?? new Error("there is neither a connection nor an error"));
      else if (side.readOnly) command.reject(notWritable("the command"));
      else Reflect.apply(side.redis.sendCommand, side.redis, [command]);
    }),
  );
}

/**
 * Lets a resender stand between the server's errors and ioredis.
 *
 * @param redis a new connection
 * @param take the resender's
 */
export function catchRefused(redis: Redis, take: Resender["take"]): void {
  const settle: unknown = redis.handleReconnection;
  if (typeof settle !== "function") throw new Error("this version of ioredis has no handleReconnection");
  redis.handleReconnection = (error, item) => {
    const isTaken = error.message.startsWith(READ_ONLY) && take(item.command as unknown as RefusedCommand);
    if (!isTaken) Reflect.apply(settle, redis, [error, item]);
  };
}
