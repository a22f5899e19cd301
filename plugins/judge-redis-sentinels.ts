import { ADDRESSES_MAX, type Judgement, type ProbeReason, WORDS_MAX } from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import type { AddressOutcome } from "./gather-outcomes.ts";
import { combineParts, OutcomeList, readOutcomes, renderPart } from "./judge-addresses.ts";
import { adviseToo, judgeStranger } from "./judge-failure.ts";
import {
  type JudgedSentinel,
  judgeSentinel,
  type SentinelSettings,
  unprotected,
} from "./judge-redis-sentinel.ts";
import { judgeRedisFailure, judgeRedisServer, ServerSample } from "./judge-redis-server.ts";
import { chooseMaster, type NamedMaster } from "./redis-choose-master.ts";
import { REDIS_MEANINGS, SENTINEL_MEANINGS } from "./redis-meanings.ts";

const Sample = z.object({ sentinels: OutcomeList, master: OutcomeList });

/** Refusals of the master must not hasten a switch: the sentinels may be about to promote a replica. */
const REFUSALS: ReadonlySet<ProbeReason> = new Set(["refused", "closed", "reset"]);

/**
 * Judges a master that sentinels watch: as the master that they name, made worse by what hinders a failover.
 *
 * @param outcome how the probe ended
 * @param settings the target's
 */
export function judgeRedisSentinels(outcome: ProbeOutcome, settings: SentinelSettings): Judgement {
  const where = settings.addresses.join(", ");
  if (outcome.type !== "answered")
    return judgeRedisFailure(outcome, {
      address: where,
      user: settings.sentinelUser,
      meanings: SENTINEL_MEANINGS,
    });
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined || sample.sentinels.length === 0) return judgeStranger("a sentinel", where);
  const sentinels = readOutcomes(sample.sentinels).map((one) => judgeSentinel(one, settings));
  const [master] = readOutcomes(sample.master);
  const named = chooseMaster(readOutcomes(sample.sentinels));
  const judgement =
    named === null || master === undefined
      ? judgeNameless(sentinels, master, settings)
      : judgeMaster({ master, named, sentinels, settings });
  const own =
    master === undefined ? [] : [{ address: master.address, judgement: judgeAlone(master, settings) }];
  return {
    ...judgement,
    words: judgement.words.slice(0, WORDS_MAX),
    parts: [...own, ...sentinels].map(renderPart).slice(0, ADDRESSES_MAX),
  };
}

function judgeAlone({ address, outcome }: AddressOutcome, { user }: SentinelSettings): Judgement {
  return judgeRedisServer(outcome, { address, user, meanings: REDIS_MEANINGS });
}

/** No sentinel names a master: none answers, or none of that name is known. */
function judgeNameless(
  sentinels: readonly JudgedSentinel[],
  master: AddressOutcome | undefined,
  settings: SentinelSettings,
): Judgement {
  const all = combineParts(sentinels);
  // A sentinel that answers and knows no such master says more than one that is silent.
  if (sentinels.some((one) => one.told !== null)) return all;
  const nobody = `no sentinel answers, so that nobody finds the master ${settings.masterName}`;
  if (master !== undefined && judgeAlone(master, settings).verdict === "up")
    return unprotected(`${nobody}; ${master.address}, which they named last, serves as master: ${all.words}`);
  const told = { ...all, words: `${nobody}: ${all.words}` };
  if (all.verdict !== "down" || sentinels.length > 1) return told;
  return adviseToo(told, "enter all sentinels, so that the loss of one is only that");
}

function judgeMaster(subject: {
  readonly master: AddressOutcome;
  readonly named: NamedMaster;
  readonly sentinels: readonly JudgedSentinel[];
  readonly settings: SentinelSettings;
}): Judgement {
  const { master, named, sentinels, settings } = subject;
  const alone = judgeAlone(master, settings);
  const about = `master of ${settings.masterName} for ${named.votes} of ${sentinels.length} sentinels`;
  if (alone.verdict === "down") return judgeLostMaster(alone, about, sentinels);
  if (alone.verdict === "read_only") {
    return {
      ...alone,
      words: `${alone.words}, although it is ${about}: a failover is under way, or they have not noticed one`,
      advice: "if this lasts, SENTINEL RESET or SENTINEL FAILOVER, and look into the sentinels' logs",
    };
  }
  if (alone.verdict !== "up") return { ...alone, words: `${alone.words} (${about})` };
  const told = sentinels.filter((one) => one.told !== null);
  const able = told.filter((one) => one.judgement.verdict === "up");
  if (able.length === 0) {
    const [first] = told.filter((one) => one.judgement.verdict === "degraded");
    return unprotected(
      `${master.address} serves, but ${first?.judgement.words ?? "no sentinel could fail over"}`,
    );
  }
  if (countReplicas(master) === 0)
    return unprotected(
      `${master.address} serves, but no replica is connected to it: the sentinels have none to promote`,
      "start a replica: REPLICAOF",
    );
  const [first, ...more] = sentinels.filter((one) => one.judgement.verdict !== "up");
  const note =
    first === undefined
      ? ""
      : `; not so ${more.length + 1} of ${sentinels.length} sentinels: ${first.judgement.words}`;
  return { ...alone, words: `${alone.words}, ${about}${note}` };
}

function judgeLostMaster(alone: Judgement, about: string, sentinels: readonly JudgedSentinel[]): Judgement {
  const told = sentinels.flatMap((one) => one.told ?? []);
  const agreed = told.some(({ fields }) => fields.flags.split(",").includes("o_down"));
  const afterMs = Math.max(...told.map(({ fields }) => fields["down-after-milliseconds"]));
  const state = agreed ? "the sentinels hold it for down" : "the sentinels do not hold it for down yet";
  return {
    ...alone,
    reason: REFUSALS.has(alone.reason) ? "incomplete" : alone.reason,
    words: `${alone.words} (${about}); ${state}`,
    advice: `a replica takes over some seconds after down-after-milliseconds (${afterMs}): the monitor timeout should be longer, or this switches first`,
  };
}

function countReplicas({ outcome }: AddressOutcome): number | null {
  if (outcome.type !== "answered") return null;
  return ServerSample.safeParse(outcome.sample).data?.replicas ?? null;
}
