import type { ConnectionOptions } from "node:tls";
import { type SdkSource, splitEndpoint } from "@evenkeel/contracts/sdk-config";
import { Redis } from "ioredis";
import { reconnectAfterMs, SERVER_SETTINGS } from "./connection-settings.ts";

/** Where a sentinel tells that it follows another master now (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#pubsub-messages). */
const SWITCHED = "+switch-master";

/** How sentinels are connected to. */
export interface SentinelAccount {
  readonly source: Pick<SdkSource, "sentinelUsername" | "sentinelPassword">;
  /** Undefined: without TLS. */
  readonly tls: ConnectionOptions | undefined;
  /** Milliseconds for connecting and for each answer. */
  readonly limitMs: number;
}

/**
 * Connects to a sentinel, again and again.
 *
 * @param address `host:port`
 * @param account how
 * @returns the connection; who uses it listens for its errors
 */
export function connectSentinel(address: string, { source, tls, limitMs }: SentinelAccount): Redis {
  const { sentinelUsername, sentinelPassword } = source;
  return new Redis({
    ...SERVER_SETTINGS,
    ...splitEndpoint(address),
    ...(sentinelUsername === undefined ? {} : { username: sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    ...(tls === undefined ? {} : { tls }),
    connectTimeout: limitMs,
    commandTimeout: limitMs,
    // A sentinel has no data that it could be loading.
    enableReadyCheck: false,
    autoResubscribe: false,
    retryStrategy: reconnectAfterMs,
  });
}

/**
 * Listens to a sentinel. What listens asks nothing else: servers before Redis 6 allow no other commands there.
 *
 * @param address `host:port`
 * @param account how to connect
 * @param name of the master
 * @param onSwitched called when the sentinel says that it follows another master of that name
 * @returns the connection
 */
export function hearSentinel(
  address: string,
  account: SentinelAccount,
  name: string,
  onSwitched: () => void,
): Redis {
  const redis = connectSentinel(address, account);
  // Whoever asks the sentinel learns why it is not reached, or that the account may not listen: then it is asked alone.
  const ignore = (): void => undefined;
  redis.on("error", ignore);
  redis.on("ready", () => redis.subscribe(SWITCHED).catch(ignore));
  redis.on("message", (_channel, message: string) => {
    if (message.startsWith(`${name} `)) onSwitched();
  });
  return redis;
}
