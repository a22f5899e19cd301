import { Command, type Redis } from "ioredis";
import { READ_COMMANDS } from "../double-write/judge-command.ts";
import { type AcquireRequest, acquireConnection } from "../switching/acquire.ts";
import { waitForWriter } from "../switching/try-again.ts";
import type { RedisSide } from "./redis-side.ts";
import { notWritable } from "./send-once-ready.ts";

/** With what a replica refuses a write, of which it has done nothing then. */
export const READ_ONLY = "READONLY";

/** What a command's promise is settled by. */
export type Settling = Pick<Command, "resolve" | "reject">;

/** Sends commands again of which a server has done nothing. */
export interface Resender {
  /** From now on it sends so; before, and without that, nothing is sent again. */
  use(request: AcquireRequest<RedisSide, RedisSide>): void;
  /** Takes what a replica refused: the route is read again first. @returns false: it is to be rejected */
  takeRefused(command: Command): boolean;
  /**
   * Takes what never reached a server.
   *
   * @param settling settles the command's promise, whatever its own functions have become
   * @param isLeft its side was left: it goes on at once at the one that is active now
   * @returns false: it is to be rejected
   */
  takeUnsent(command: Command, settling: Settling, isLeft: boolean): boolean;
}

/**
 * Makes a resender. It stands where ioredis hands over an error, so that no call that succeeds costs anything: the command
 * goes to the side that is active then, at once or after the configured delay, as often as configured. What belongs to a
 * pipeline or transaction stays with it.
 *
 * @returns a resender
 */
export function createResender(): Resender {
  const sent = new WeakMap<Command, number>();
  let request: AcquireRequest<RedisSide, RedisSide> | null = null;
  const send = (to: AcquireRequest<RedisSide, RedisSide>, command: Command, settling: Settling): void =>
    acquireConnection(to, (error, side) => {
      if (side === null) settling.reject(error ?? new Error("there is neither a connection nor an error"));
      else if (side.readOnly && !READ_COMMANDS.has(command.name)) settling.reject(notWritable(command.name));
      else {
        const again = repeat(command, settling);
        sent.set(again, sent.get(command) ?? 0);
        side.redis.sendCommand(again);
      }
    });
  const isAlone = (command: Command): boolean =>
    !command.inTransaction && command.pipelineIndex === undefined;
  const mayTake = (command: Command, { retry }: AcquireRequest<RedisSide, RedisSide>): boolean => {
    const times = sent.get(command) ?? 0;
    if (times >= retry.times || !isAlone(command)) return false;
    sent.set(command, times + 1);
    return true;
  };
  return {
    use(given) {
      request = given;
    },
    takeRefused(command) {
      const to = request;
      if (to === null || !mayTake(command, to)) return false;
      waitForWriter(to, () => send(to, command, command));
      return true;
    },
    takeUnsent(command, settling, isLeft) {
      const to = request;
      if (to === null) return false;
      // As one that waits for its connection, whose side is left, it has been tried nowhere yet.
      if (isLeft ? !isAlone(command) : !mayTake(command, to)) return false;
      if (isLeft) send(to, command, settling);
      else to.board.waitForSwitch(to.retry.delayMs, () => send(to, command, settling));
      return true;
    },
  };
}

/**
 * Makes a command anew: a cluster's client has bound the first one to its own nodes. Its arguments carry their prefix
 * already.
 */
function repeat(command: Command, { resolve, reject }: Settling): Command {
  const encoding: BufferEncoding | null = Reflect.get(command, "replyEncoding");
  const again = new Command(command.name, command.args as string[], { replyEncoding: encoding });
  // The new one has made of the answer what the application expects.
  command.transformReply = (answer) => answer;
  again.promise.then(resolve, reject);
  return again;
}

/**
 * Lets somebody stand between the refusals of a replica and ioredis.
 *
 * @param redis a new connection
 * @param take returns true if it takes care of the command
 */
export function catchRefused(redis: Redis, take: Resender["takeRefused"]): void {
  const settle: unknown = redis.handleReconnection;
  if (typeof settle !== "function") throw new Error("this version of ioredis has no handleReconnection");
  redis.handleReconnection = (error, item) => {
    const isTaken = error.message.startsWith(READ_ONLY) && take(item.command as unknown as Command);
    if (!isTaken) Reflect.apply(settle, redis, [error, item]);
  };
}
