import type { Cluster, Redis, RedisOptions } from "ioredis";
import type { SdkError } from "../errors.ts";
import type { SideRequest, WarmSide } from "../switching/create-sides.ts";
import { createClusterSide } from "./cluster-side.ts";
import type { Resender } from "./resend-refused.ts";
import { createServerSide } from "./server-side.ts";

/** Settings of ioredis that an application may choose; where to connect and when to give up is the route's matter. */
export type RedisDriverOptions = Pick<
  RedisOptions,
  "db" | "tls" | "keyPrefix" | "connectionName" | "commandTimeout" | "enableAutoPipelining" | "stringNumbers"
>;

/** One data centre's Redis connection. */
export interface RedisSide extends WarmSide {
  /** The connection of now; giving up the side replaces it. */
  redis: Redis | Cluster;
  /** @returns why it cannot serve a command, in lower case; null: it can. Absent: it can serve all */
  refuse?(command: string): SdkError | null;
}

/** @returns whether a command that is sent now goes over the wire */
export function isReady(redis: Redis | Cluster): boolean {
  return redis.status === "ready" && (!("stream" in redis) || redis.stream.writable);
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
 * @param resender sends again what a server did not do; undefined: such commands are rejected
 * @returns the side
 */
export function createRedisSide(
  request: SideRequest,
  driver: RedisDriverOptions,
  resender?: Resender,
): RedisSide {
  const create = request.source.mode === "cluster" ? createClusterSide : createServerSide;
  return create(request, driver, resender);
}
