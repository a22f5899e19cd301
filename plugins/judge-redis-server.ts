import type { Judgement } from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { judgeConnections } from "./connection-share.ts";
import { judgeFailure, judgeStranger, judgeUp } from "./judge-failure.ts";
import type { Meanings } from "./meaning.ts";
import { isRedisCode } from "./redis-meanings.ts";

/** What a server said of itself; null where it has no such command. */
export const ServerSample = z.object({
  role: z.string(),
  /** Replicas that are connected to a master. */
  replicas: z.number().nullish(),
  /** A replica's master. */
  master: z.string().nullish(),
  /** State of a replica's link to its master. */
  link: z.string().nullish(),
  clients: z.string().nullable(),
  persistence: z.string().nullable(),
});
/** See the schema. */
export type ServerSample = z.infer<typeof ServerSample>;

/** Whom a judge speaks of. */
export interface RedisSubject {
  readonly address: string;
  /** Empty: the default user. */
  readonly user: string;
  readonly meanings: Meanings;
}

/**
 * Judges the probe of a server that failed.
 *
 * @param outcome how it ended
 * @param subject the server
 */
export function judgeRedisFailure(
  outcome: Exclude<ProbeOutcome, { type: "answered" }>,
  { address, user, meanings }: RedisSubject,
): Judgement {
  return judgeFailure(outcome, {
    address,
    user: user === "" ? "default" : user,
    meanings,
    isEngineCode: isRedisCode,
  });
}

/**
 * Judges the probe of a server that is to take writes.
 *
 * @param outcome how it ended
 * @param subject the server
 */
export function judgeRedisServer(outcome: ProbeOutcome, subject: RedisSubject): Judgement {
  if (outcome.type !== "answered") return judgeRedisFailure(outcome, subject);
  const { address } = subject;
  const sample = ServerSample.safeParse(outcome.sample).data;
  if (sample === undefined) return judgeStranger("Redis", address);
  if (sample.role === "sentinel") {
    const advice = "enter the address of a server, not of a sentinel, or choose the mode sentinel";
    return { verdict: "config", reason: "bad-settings", words: `${address} is a sentinel`, advice };
  }
  if (sample.role !== "master")
    return { verdict: "read_only", reason: "read-only", words: `the role of ${address} is ${sample.role}` };
  return judgeRedisInfo(sample) ?? judgeUp(outcome.latencyMs, "role master");
}

/** Both say `ok` or `err`; after an `err` the server refuses writes unless it is told not to. */
const FAILED_SAVE = /^(rdb_last_bgsave_status|aof_last_write_status):err/m;
const CONNECTED = /^connected_clients:(\d+)/m;
const LIMIT = /^maxclients:(\d+)/m;

/**
 * Judges what will soon stop a server that answers.
 *
 * @param sample its texts of INFO
 * @returns degraded; null while all is well
 */
export function judgeRedisInfo({ clients, persistence }: ServerSample): Judgement | null {
  const failed = FAILED_SAVE.exec(persistence ?? "")?.[1];
  if (failed !== undefined) {
    return {
      verdict: "degraded",
      reason: "disk-full",
      words: `the server could not save to disk (${failed}:err) and may refuse writes`,
      advice: "look into the server's log; a full disk and missing rights are usual causes",
    };
  }
  // Servers before 7.0 do not tell their limit.
  return judgeConnections(Number(CONNECTED.exec(clients ?? "")?.[1]), Number(LIMIT.exec(clients ?? "")?.[1]));
}
