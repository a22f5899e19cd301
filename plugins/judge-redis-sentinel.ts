import { type Judgement, WORDS_MAX } from "@evenkeel/contracts/observation";
import type { AddressOutcome } from "./gather-outcomes.ts";
import type { JudgedAddress } from "./judge-addresses.ts";
import { judgeStranger, judgeUp } from "./judge-failure.ts";
import { judgeRedisFailure } from "./judge-redis-server.ts";
import { SentinelSample } from "./redis-choose-master.ts";
import { SENTINEL_MEANINGS } from "./redis-meanings.ts";
import type { RedisSettings } from "./redis-settings.ts";

/** What a judge of sentinels reads of a target's settings. */
export type SentinelSettings = Pick<RedisSettings, "addresses" | "masterName" | "user" | "sentinelUser">;

/** A sentinel with its judgement. */
export interface JudgedSentinel extends JudgedAddress {
  /** What it told; null: it is no sentinel, or did not answer. */
  readonly told: SentinelSample | null;
}

/**
 * Judges one sentinel on its own.
 *
 * @param one how its probe ended
 * @param settings the target's
 */
export function judgeSentinel(
  { address, outcome }: AddressOutcome,
  settings: SentinelSettings,
): JudgedSentinel {
  const { sentinelUser: user, masterName } = settings;
  if (outcome.type !== "answered") {
    const judgement = judgeRedisFailure(outcome, { address, user, meanings: SENTINEL_MEANINGS });
    return { address, judgement, told: null };
  }
  const told = SentinelSample.safeParse(outcome.sample).data;
  if (told === undefined) return { address, judgement: judgeStranger("a sentinel", address), told: null };
  return { address, judgement: judgeTold(told, outcome.latencyMs, address, masterName), told };
}

function judgeTold(told: SentinelSample, latencyMs: number, address: string, masterName: string): Judgement {
  const config = (words: string, advice: string): Judgement => ({
    verdict: "config",
    reason: "bad-settings",
    words,
    advice,
  });
  if (!told.isSentinel)
    return config(
      `${address} is not a sentinel`,
      "enter the sentinels' addresses (their port is 26379 by default), or choose another mode",
    );
  if (told.master === null)
    return config(
      `the sentinel ${address} knows no master named ${masterName}`,
      "SENTINEL MASTERS lists the names that it knows",
    );
  if (told.quorum !== "") return unprotected(`the sentinel ${address} could not fail over: ${told.quorum}`);
  return judgeUp(latencyMs, `sentinel, names ${told.master} as the master`);
}

/**
 * Judges a master that serves while nothing would take its place.
 *
 * @param words why
 * @param advice what to do
 */
export function unprotected(
  words: string,
  advice = "see that the sentinels run and reach each other",
): Judgement {
  return { verdict: "degraded", reason: "incomplete", words: words.slice(0, WORDS_MAX), advice };
}
