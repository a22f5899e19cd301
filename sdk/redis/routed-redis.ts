import { type ChainableCommander, Redis, type RedisCommander } from "ioredis";
import { NotWritableError, SwitchedError } from "../errors.ts";
import { type AcquireRequest, acquireConnection, type Retry } from "../switching/acquire.ts";
import type { Switchboard } from "../switching/switchboard.ts";
import { READ_COMMANDS } from "./read-commands.ts";
import type { RedisSide } from "./redis-side.ts";

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

type Method = (...args: unknown[]) => unknown;

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
    client[name] = (...args: unknown[]) => begin(board, name, args);
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

function notWritable(command: string): NotWritableError {
  return new NotWritableError(`the active data centre is set to not writable, so ${command} was not sent`);
}

function refuse(error: Error, args: unknown[]): unknown {
  const callback = args.at(-1);
  if (typeof callback !== "function") return Promise.reject(error);
  process.nextTick(callback as Method, error);
  return undefined;
}

function sendLater(
  request: AcquireRequest<RedisSide, RedisSide>,
  name: string,
  command: string,
  args: unknown[],
): unknown {
  const callback = args.at(-1);
  if (typeof callback === "function") {
    acquireConnection(request, (error, side) => {
      if (side === null) (callback as Method)(error);
      else sendTo(side, name, command, args);
    });
    return undefined;
  }
  return new Promise((resolve, reject) => {
    acquireConnection(request, (error, side) => {
      if (side === null) reject(error);
      else resolve(sendTo(side, name, command, args));
    });
  });
}

/** Begins a pipeline or a transaction; its `exec` sends it only to the connection that it was begun on. */
function begin(
  board: Switchboard<RedisSide>,
  kind: "pipeline" | "multi",
  args: unknown[],
): ChainableCommander {
  const side = board.active;
  if (side === null) throw board.refusal;
  if (side.readOnly) throw notWritable(kind);
  const { redis } = side;
  const chain = Reflect.apply(redis[kind] as Method, redis, args) as ChainableCommander;
  const exec: unknown = chain.exec;
  if (typeof exec !== "function") return chain;
  chain.exec = ((...execArgs: unknown[]) => {
    const moved = board.active !== side || side.redis !== redis;
    if (!moved) return Reflect.apply(exec, chain, execArgs);
    const to = board.active?.dataCentre ?? "nowhere";
    return refuse(new SwitchedError(side.dataCentre, to, board.epoch), execArgs);
  }) as typeof chain.exec;
  return chain;
}
