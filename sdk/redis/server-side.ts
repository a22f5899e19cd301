import { Redis, type RedisOptions } from "ioredis";
import { ClosedError } from "../errors.ts";
import type { SideRequest } from "../switching/create-sides.ts";
import type { Waiting } from "../switching/side.ts";
import { checkServer, DISCARDED } from "./check-server.ts";
import { reconnectAfterMs, SERVER_SETTINGS } from "./connection-settings.ts";
import { createDrainTimers } from "./drain-timers.ts";
import { followMaster, type MasterFollower } from "./follow-master.ts";
import type { RedisDriverOptions, RedisSide } from "./redis-side.ts";
import { catchRefused, READ_ONLY, type Resender } from "./resend-refused.ts";

/** A server's own connection: the only one of a side, whether its address is configured or sentinels tell it. */
export interface ServerSide extends RedisSide {
  redis: Redis;
}

/**
 * Opens the connection to one server, or to the one that sentinels name.
 *
 * @param request the data centre and its server or sentinels
 * @param driver settings of the application for ioredis
 * @param resender sends again what a server refused as read-only; undefined: it is rejected
 * @returns the side
 */
export function createServerSide(
  request: SideRequest,
  driver: RedisDriverOptions,
  resender?: Resender,
): ServerSide {
  let lastError: Error | null = null;
  const drains = createDrainTimers();
  const verify = (): void => void master?.verify(side.redis);
  const master = request.source.mode === "sentinel" ? followMaster(request, driver.tls, verify) : null;
  const connect = (): Redis => {
    const redis = new Redis(settingsOf(request, driver, master));
    // Every call that waits for it listens.
    redis.setMaxListeners(0);
    // ioredis tells the cause of a failed connection here and nowhere else, and prints it if nobody listens.
    redis.on("error", (error: Error) => {
      lastError = error;
    });
    redis.on("close", request.onBroken);
    catchRefused(redis, (command) => {
      // The sentinels may name another one by now, in the same data centre.
      void master?.verify(redis);
      return resender?.takeRefused(command) ?? false;
    });
    return redis;
  };
  const side: ServerSide = {
    dataCentre: request.dataCentre,
    readOnly: request.readOnly,
    redis: connect(),
    waiting: new Set<Waiting>(),
    busy: () => side.redis.commandQueue.length,
    noteUse: () => noteQueue(side.redis),
    abandon(createError) {
      const old = side.redis;
      rejectUnderWay(old, createError);
      side.redis = connect();
      // The next turn is early enough for what nobody waits for.
      setImmediate(() => discard(old));
    },
    drain(createError, drainMs) {
      const draining = side.redis;
      const hasEnded = noteQueue(draining);
      if (hasEnded()) return;
      drains.add(drainMs, () => {
        if (side.redis === draining && !hasEnded()) side.abandon(createError);
      });
    },
    async check() {
      const { redis } = side;
      await checkServer(redis, request.connectTimeoutMs, () => lastError);
      // One that was cut off from its sentinels goes on serving, and what it is told is lost.
      await master?.verify(redis);
    },
    close() {
      drains.clear();
      rejectUnderWay(side.redis, () => new ClosedError());
      discard(side.redis);
      master?.close();
    },
  };
  return side;
}

/** Answers come in order: when the last command of now has its answer, all others of now have theirs. */
function noteQueue(redis: Redis): () => boolean {
  const last = redis.commandQueue.peekBack();
  return () => last === undefined || !redis.commandQueue.toArray().includes(last);
}

function settingsOf(
  request: SideRequest,
  driver: RedisDriverOptions,
  master: MasterFollower | null,
): Omit<RedisOptions, "replyMapping"> {
  const { source } = request;
  const { host, port } = source;
  return {
    ...driver,
    ...SERVER_SETTINGS,
    ...(master === null ? { host, port } : { Connector: master.Connector }),
    connectTimeout: request.connectTimeoutMs,
    // It is asked of every error that a server answers.
    reconnectOnError(error) {
      if (error.message.startsWith(READ_ONLY)) request.onReadOnly();
      return false;
    },
    // What cannot be sent now waits with us, where a switch can send it elsewhere.
    enableOfflineQueue: false,
    retryStrategy: reconnectAfterMs,
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
