import { Redis, type RedisOptions } from "ioredis";
import { ClosedError } from "../errors.ts";
import type { SideRequest, WarmSide } from "../switching/create-sides.ts";
import type { Waiting } from "../switching/side.ts";
import { catchRefused, READ_ONLY, type Resender } from "./resend-refused.ts";

const FIRST_RECONNECT_MS = 50;
/** A side that is back is to serve soon: a switch may lead there. */
const LONGEST_RECONNECT_MS = 500;
const KEEP_ALIVE_AFTER_MS = 10_000;
/** How long ioredis waits for a server to close too; we destroy the socket ourselves. */
const DISCONNECT_TIMEOUT_MS = 10;

/** Our own event on a connection that was given up: whoever waits for it may stop. */
const DISCARDED = "evenkeel-discarded";

/** Settings of ioredis that an application may choose; where to connect and when to give up is the route's matter. */
export type RedisDriverOptions = Pick<
  RedisOptions,
  "db" | "tls" | "keyPrefix" | "connectionName" | "commandTimeout" | "enableAutoPipelining" | "stringNumbers"
>;

/** One data centre's Redis connection. */
export interface RedisSide extends WarmSide {
  /** The connection of now; giving up the side replaces it. */
  redis: Redis;
}

/** @returns whether a command that is sent now goes over the wire */
export function isReady({ status, stream }: Redis): boolean {
  return status === "ready" && stream.writable;
}

/** @returns whether the server has answered with an error, so that the command had no effect */
export function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/**
 * Opens the connection of one data centre.
 *
 * @param request the data centre and its server
 * @param driver settings of the application for ioredis
 * @param take takes commands that the server refused as read-only; undefined: they are rejected
 * @returns the side
 */
export function createRedisSide(
  request: SideRequest,
  driver: RedisDriverOptions,
  take?: Resender["take"],
): RedisSide {
  let lastError: Error | null = null;
  const drains = new Set<NodeJS.Timeout>();
  const connect = (): Redis => {
    const redis = new Redis(settingsOf(request, driver));
    // Every call that waits for it listens.
    redis.setMaxListeners(0);
    // ioredis tells the cause of a failed connection here and nowhere else, and prints it if nobody listens.
    redis.on("error", (error: Error) => {
      lastError = error;
    });
    redis.on("close", request.onBroken);
    if (take !== undefined) catchRefused(redis, take);
    return redis;
  };
  const side: RedisSide = {
    dataCentre: request.dataCentre,
    readOnly: request.readOnly,
    redis: connect(),
    waiting: new Set<Waiting>(),
    busy: () => side.redis.commandQueue.length,
    abandon(createError) {
      const old = side.redis;
      rejectUnderWay(old, createError);
      side.redis = connect();
      // The next turn is early enough for what nobody waits for.
      setImmediate(() => discard(old));
    },
    drain(createError, drainMs) {
      const last = side.redis.commandQueue.peekBack();
      if (last === undefined) return;
      const draining = side.redis;
      const timer = setTimeout(() => {
        drains.delete(timer);
        // Answers come in order: while the last command of then still waits, everything behind it waits too.
        if (side.redis === draining && draining.commandQueue.toArray().includes(last)) {
          side.abandon(createError);
        }
      }, drainMs);
      drains.add(timer);
    },
    check: () => checkConnection(side.redis, request.connectTimeoutMs, () => lastError),
    close() {
      for (const timer of drains) clearTimeout(timer);
      rejectUnderWay(side.redis, () => new ClosedError());
      discard(side.redis);
    },
  };
  return side;
}

function settingsOf(request: SideRequest, driver: RedisDriverOptions): Omit<RedisOptions, "replyMapping"> {
  const { source } = request;
  return {
    ...driver,
    host: source.host,
    port: source.port,
    connectTimeout: request.connectTimeoutMs,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_AFTER_MS,
    // A command that got no answer may have been executed: sending it again is for the application to decide.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // It is asked of every error that a server answers.
    reconnectOnError(error) {
      if (error.message.startsWith(READ_ONLY)) request.onReadOnly();
      return false;
    },
    // What cannot be sent now waits with us, where a switch can send it elsewhere.
    enableOfflineQueue: false,
    retryStrategy: (attempt) =>
      Math.min(FIRST_RECONNECT_MS * 2 ** Math.min(attempt - 1, 10), LONGEST_RECONNECT_MS),
    ...(source.username === undefined ? {} : { username: source.username }),
    ...(source.password === undefined ? {} : { password: source.password }),
  };
}

/**
 * Rejects every command that waits for its answer, in this very turn; ioredis itself would wait for the server to close.
 * Each gets an error of its own, because MULTI writes into the errors of its commands.
 */
function rejectUnderWay(redis: Redis, createError: () => Error): void {
  // An answer that still comes belongs to no command any more.
  redis.stream?.removeAllListeners("data");
  for (let item = redis.commandQueue.shift(); item !== undefined; item = redis.commandQueue.shift()) {
    item.command.reject(createError());
  }
}

/** `disconnect` waits for the server to close too, which a hung one never does. */
function discard(redis: Redis): void {
  redis.removeAllListeners("close");
  redis.disconnect();
  // There is no stream before the first attempt to connect.
  redis.stream?.destroy();
  redis.emit(DISCARDED);
}

/** Proves that the server answers; a handshake that hangs is cut so that ioredis begins anew. */
async function checkConnection(
  redis: Redis,
  timeoutMs: number,
  lastError: () => Error | null,
): Promise<void> {
  if (redis.status !== "ready") await becomesReady(redis, timeoutMs, lastError);
  let timer: NodeJS.Timeout | null = null;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      redis.stream.destroy();
      reject(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    await Promise.race([redis.ping(), late]);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

function becomesReady(redis: Redis, timeoutMs: number, lastError: () => Error | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null): void => {
      clearTimeout(timer);
      redis.off("ready", onReady);
      redis.off("end", onEnd);
      redis.off(DISCARDED, onEnd);
      if (error === null) resolve();
      else reject(error);
    };
    const onReady = (): void => settle(null);
    const onEnd = (): void => settle(new Error("the connection was ended"));
    const timer = setTimeout(() => {
      if (redis.status === "connect") redis.stream.destroy();
      settle(lastError() ?? new Error(`not connected within ${timeoutMs} ms`));
    }, timeoutMs);
    redis.once("ready", onReady);
    redis.once("end", onEnd);
    redis.once(DISCARDED, onEnd);
  });
}
