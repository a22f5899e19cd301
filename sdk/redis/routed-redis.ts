import { Redis, type RedisCommander } from "ioredis";
import type { DoubleWriter } from "../double-write/double-writer.ts";
import { READ_COMMANDS } from "../double-write/judge-command.ts";
import type { Readers } from "../routing/create-readers.ts";
import { type AcquireRequest, isNetworkError, type Retry } from "../switching/acquire.ts";
import type { Switchboard } from "../switching/switchboard.ts";
import { beginChain } from "./begin-chain.ts";
import { readNearby } from "./local-reads.ts";
import type { RedisSide } from "./redis-side.ts";
import type { Resender } from "./resend-refused.ts";
import { sendAtOnce } from "./send-at-once.ts";
import { sendCopied } from "./send-copied.ts";
import {
  type Method,
  notWritable,
  onceReady,
  refuse,
  settle,
  waitUntilReady,
  withoutCallback,
} from "./send-once-ready.ts";

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
const LOST =
  /^(Connection is closed|Stream isn't writeable|Reached the max retries|None of startup nodes|Failed to refresh slots)/;

/** What a client over all data centres is made of. */
export interface RoutedRedisRequest {
  /** Where calls go. */
  readonly board: Switchboard<RedisSide>;
  /** How a command that was not sent is tried again. */
  readonly retry: Retry;
  /** Where reads may go besides; null: nowhere. */
  readonly readers: Readers<RedisSide> | null;
  /** Copies writes to the other data centres; null: they are not copied. */
  readonly writer: DoubleWriter | null;
  /** Sends commands again that a replica refused; absent: none is. */
  readonly resender?: Resender;
}

/** A call of one of the client's methods. */
interface Call {
  /** The method. */
  readonly name: string;
  /** In lower case. */
  readonly command: string;
  /** A callback may stand last. */
  readonly args: unknown[];
}

/**
 * Makes a client over all data centres. A command goes to the active one; a pipeline or MULTI stays with the connection
 * that it was begun on, and fails as a whole when the route has changed before it was sent.
 *
 * @param request what it is made of
 * @returns the client
 */
export function createRoutedRedis(routed: RoutedRedisRequest): RoutedRedis {
  const { board, retry, readers, writer } = routed;
  const request: AcquireRequest<RedisSide, RedisSide> = {
    board,
    retry,
    acquire: (side, done) => waitUntilReady(side, retry.delayMs, done),
    giveBack: () => undefined,
    mayWrite: (command) => typeof command !== "string" || !READ_COMMANDS.has(command),
    isAway: () => true,
  };
  // What is copied must be known by the side that it was done on.
  if (writer === null) routed.resender?.use(request);
  const sendTo =
    writer === null
      ? sendPlainly
      : (side: RedisSide, call: Call) => settle(call.args, sendDoubly(writer, side, call));
  const sendLater = (call: Call): unknown =>
    onceReady(request, call.args, call.command, (side) => sendTo(side, call));
  const sendToActive = (call: Call): unknown => {
    const side = board.active;
    if (board.hold.isOn && !READ_COMMANDS.has(call.command)) return sendLater(call);
    return side !== null && side.redis.status === "ready" ? sendTo(side, call) : sendLater(call);
  };
  const send = (name: string, command: string, args: unknown[]): unknown => {
    const call = { name, command, args };
    if (readers === null || !READ_COMMANDS.has(command)) return sendToActive(call);
    const bare = { ...call, args: withoutCallback(args) };
    const ask = (side: RedisSide): unknown => sendPlainly(side, bare);
    return settle(
      args,
      readNearby(readers, ask, () => sendToActive(bare)),
    );
  };
  const makeMethod = (name: string, command: string): Method => {
    const sendLong: Method = (...args) => send(name, command, args);
    const isPlain = writer === null && (readers === null || !READ_COMMANDS.has(command));
    return isPlain ? sendAtOnce(board, name, command, sendLong) : sendLong;
  };
  return createClient(makeMethod, send, (kind, args) => beginChain(request, writer, kind, args));
}

/** The methods come from ioredis's own list of commands, and so do the types. */
function createClient(
  makeMethod: (name: string, command: string) => Method,
  send: (name: string, command: string, args: unknown[]) => unknown,
  begin: (kind: "pipeline" | "multi", args: unknown[]) => unknown,
): RoutedRedis {
  const client: Record<string, unknown> = {};
  for (const command of Redis.prototype.getBuiltinCommands()) {
    if (NOT_ROUTED.has(command)) continue;
    for (const name of [command, `${command}Buffer`]) client[name] = makeMethod(name, command);
  }
  for (const name of ["call", "callBuffer"]) {
    client[name] = (...args: unknown[]) => send(name, String(args[0]).toLowerCase(), args);
  }
  for (const kind of ["pipeline", "multi"] as const) {
    client[kind] = (...args: unknown[]) => begin(kind, args);
  }
  return client as unknown as RoutedRedis;
}

function sendPlainly(side: RedisSide, { name, command, args }: Call): unknown {
  if (side.readOnly && !READ_COMMANDS.has(command)) return refuse(notWritable(command), args);
  const refusal = side.refuse?.(command) ?? null;
  if (refusal !== null) return refuse(refusal, args);
  const method = Reflect.get(side.redis, name) as Method;
  return Reflect.apply(method, side.redis, args);
}

async function sendDoubly(writer: DoubleWriter, side: RedisSide, call: Call): Promise<unknown> {
  const { name, command } = call;
  const args = withoutCallback(call.args);
  if (READ_COMMANDS.has(command)) return await sendPlainly(side, { ...call, args });
  if (side.readOnly) throw notWritable(command);
  // The method `call` has its command as the first argument.
  return await sendCopied(writer, side, name, command, name.startsWith("call") ? args.slice(1) : args);
}

/** @returns true if ioredis could not reach the server, or lost it */
export function isAway(error: Error): boolean {
  return isNetworkError(error) || LOST.test(error.message);
}
