import { Redis, type RedisCommander } from "ioredis";
import { type AcquireRequest, isNetworkError, type Retry } from "../switching/acquire.ts";
import type { Switchboard } from "../switching/switchboard.ts";
import { beginChain } from "./begin-chain.ts";
import { READ_COMMANDS } from "./read-commands.ts";
import type { RedisSide } from "./redis-side.ts";
import { type Method, notWritable, onceReady, refuse } from "./send-once-ready.ts";

/** Commands that belong to one connection and to no route: take a connection of your own for them. */
const NOT_ROUTED: ReadonlySet<string> = new Set(
  `subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe monitor quit multi exec discard watch unwatch
  select auth hello reset client`.split(/\s+/),
);

/** The commands of ioredis, each sent to the active data centre. */
export type RoutedRedis = RedisCommander<{ type: "default" }> &
  Pick<Redis, "pipeline" | "multi"> & {
    /** Calls a command that ioredis has no method for. */
    call(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  };

/** What ioredis says of a connection that is not there. */
const LOST = /^(Connection is closed|Stream isn't writeable|Reached the max retries)/;

/**
 * Makes a client over all data centres. A command goes to the active one; a pipeline or MULTI stays with the connection
 * that it was begun on, and fails as a whole when the route has changed before it was sent.
 *
 * @param board where calls go
 * @param retry how a command that was not sent is tried again
 * @returns the client
 */
export function createRoutedRedis(board: Switchboard<RedisSide>, retry: Retry): RoutedRedis {
  const request: AcquireRequest<RedisSide, RedisSide> = {
    board,
    retry,
    acquire: (side, done) => waitUntilReady(side, retry.delayMs, done),
    giveBack: () => undefined,
    isAway: () => true,
  };
  const send = (name: string, command: string, args: unknown[]): unknown => {
    const side = board.active;
    if (board.hold.isOn && !READ_COMMANDS.has(command)) return sendLater(request, name, command, args);
    if (side !== null && side.redis.status === "ready") return sendTo(side, name, command, args);
    return sendLater(request, name, command, args);
  };
  const client: Record<string, unknown> = {};
  for (const command of Redis.prototype.getBuiltinCommands()) {
    if (NOT_ROUTED.has(command)) continue;
    for (const name of [command, `${command}Buffer`]) {
      client[name] = (...args: unknown[]) => send(name, command, args);
    }
  }
  for (const name of ["call", "callBuffer"]) {
    client[name] = (...args: unknown[]) => send(name, String(args[0]).toLowerCase(), args);
  }
  for (const name of ["pipeline", "multi"] as const) {
    client[name] = (...args: unknown[]) => beginChain(request, name, args);
  }
  // The methods come from ioredis's own list of commands, and so do the types.
  return client as unknown as RoutedRedis;
}

/** Connecting goes on by itself; whoever needs the connection waits a moment for it. */
function waitUntilReady(
  side: RedisSide,
  waitMs: number,
  done: (error: Error | null, side: RedisSide | null) => void,
): void {
  const { redis } = side;
  if (redis.status === "ready") {
    process.nextTick(done, null, side);
    return;
  }
  const settle = (): void => {
    clearTimeout(timer);
    redis.off("ready", settle);
    if (redis.status === "ready") done(null, side);
    else done(new Error(`${side.dataCentre}: the connection is not ready but ${redis.status}`), null);
  };
  const timer = setTimeout(settle, waitMs);
  redis.once("ready", settle);
}

function sendTo(side: RedisSide, name: string, command: string, args: unknown[]): unknown {
  if (side.readOnly && !READ_COMMANDS.has(command)) return refuse(notWritable(command), args);
  const method = Reflect.get(side.redis, name) as Method;
  return Reflect.apply(method, side.redis, args);
}

function sendLater(
  request: AcquireRequest<RedisSide, RedisSide>,
  name: string,
  command: string,
  args: unknown[],
): unknown {
  const mayWrite = () => !READ_COMMANDS.has(command);
  return onceReady(request, args, mayWrite, (side) => sendTo(side, name, command, args));
}

/** @returns true if ioredis could not reach the server, or lost it */
export function isAway(error: Error): boolean {
  return isNetworkError(error) || LOST.test(error.message);
}
