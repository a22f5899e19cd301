import type { ConnectionOptions } from "node:tls";
import type { SdkSource } from "@evenkeel/contracts/sdk-config";
import type { Redis } from "ioredis";
import { listAddresses } from "../config/list-addresses.ts";
import { connectSentinel, hearSentinel, type SentinelAccount } from "./connect-sentinel.ts";

/** What sentinels call the server that writes, where nobody has said otherwise; so does their own example. */
const DEFAULT_MASTER = "mymaster";

/** Where a server is. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** The sentinels of one data centre. */
export interface Sentinels {
  /** @returns where the server is that they name @throws Error if none of them names one */
  findMaster(): Promise<ServerAddress>;
  close(): void;
}

/** What one sentinel answers. */
interface Named extends ServerAddress {
  /** Counts the failovers of this master; the sentinels themselves follow the highest. */
  readonly epoch: number;
}

interface Sentinel {
  readonly address: string;
  readonly redis: Redis;
  lastError: Error | null;
}

/**
 * Keeps connections to each sentinel, so that a failover is followed without connecting to them first. All are asked at
 * once: one that hangs delays nobody as long as most of them answer, and one that was cut off from the others, and names a
 * server of the past, is outvoted by its lower epoch, as among themselves.
 *
 * @param source addresses, the master's name, the account
 * @param tls of the connections; undefined: none
 * @param limitMs for connecting and for each answer
 * @param onSwitched called when a sentinel says that it follows another master now; the others may still say so
 */
export function openSentinels(
  source: SdkSource,
  tls: ConnectionOptions | undefined,
  limitMs: number,
  onSwitched: () => void,
): Sentinels {
  const account = { source, tls, limitMs };
  const addresses = listAddresses(source);
  const name = source.masterName ?? DEFAULT_MASTER;
  const sentinels = addresses.map((address) => connect(address, account));
  const heard = addresses.map((address) => hearSentinel(address, account, name, onSwitched));
  return {
    findMaster: () => firstMajority(sentinels.map((sentinel) => ask(sentinel, name))),
    close() {
      for (const redis of [...sentinels.map((sentinel) => sentinel.redis), ...heard]) {
        redis.disconnect();
        // There is no stream before the first attempt to connect.
        redis.stream?.destroy();
      }
    },
  };
}

function connect(address: string, account: SentinelAccount): Sentinel {
  const redis = connectSentinel(address, account);
  const sentinel: Sentinel = { address, redis, lastError: null };
  redis.on("error", (error: Error) => {
    sentinel.lastError = error;
  });
  redis.on("ready", () => {
    sentinel.lastError = null;
  });
  return sentinel;
}

async function ask({ address, redis, lastError }: Sentinel, name: string): Promise<Named> {
  // It could not be reached a moment ago, and is tried again soon: the others answer meanwhile.
  if (redis.status === "reconnecting" || redis.status === "end")
    throw new Error(
      `the sentinel ${address} is not reached: ${lastError?.message ?? "it closed the connection"}`,
    );
  const [where, epoch] = await Promise.all([
    redis.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name),
    // An account may lack the right to it; then there is the majority alone.
    redis.call("SENTINEL", "MASTER", name).then(readEpoch, () => 0),
  ]).catch((error: Error) => {
    throw new Error(`the sentinel ${address} does not answer as one: ${error.message}`);
  });
  const [host, port] = Array.isArray(where) ? where : [];
  if (host === undefined) throw new Error(`the sentinel ${address} knows no master of the name ${name}`);
  return { host: String(host), port: Number(port), epoch };
}

/** Fields and values in turn, or with RESP3 as a map that ioredis makes such a list of. */
function readEpoch(answer: unknown): number {
  const fields = Array.isArray(answer) ? answer : [];
  const epoch = Number(fields[fields.indexOf("config-epoch") + 1]);
  return Number.isSafeInteger(epoch) ? epoch : 0;
}

/** Waits for more than half of the answers, or for all where some do not come, and takes the newest. */
function firstMajority(answers: readonly Promise<Named>[]): Promise<ServerAddress> {
  return new Promise((resolve, reject) => {
    const named: Named[] = [];
    let missing = answers.length;
    const judge = (error: Error | null): void => {
      missing -= 1;
      if (named.length > answers.length / 2 || missing === 0) {
        const newest = chooseNewest(named);
        if (newest !== null) resolve(newest);
        else reject(error ?? new Error("no sentinel names a master"));
      }
    };
    for (const answer of answers) {
      answer.then(
        (one) => {
          named.push(one);
          judge(null);
        },
        (error: Error) => judge(error),
      );
    }
  });
}

/** The highest epoch, and of one epoch what most of them say. */
function chooseNewest(named: readonly Named[]): ServerAddress | null {
  const votesOf = ({ host, port }: Named) =>
    named.filter((other) => other.host === host && other.port === port).length;
  const [newest] = [...named].sort(
    (left, right) => right.epoch - left.epoch || votesOf(right) - votesOf(left),
  );
  return newest === undefined ? null : { host: newest.host, port: newest.port };
}
