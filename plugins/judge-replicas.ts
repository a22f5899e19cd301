import {
  type Judgement,
  type JudgementPart,
  PART_WORDS_MAX,
  WORDS_MAX,
} from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import {
  type JudgeAddress,
  type JudgedAddress,
  OutcomeList,
  readOutcomes,
  renderPart,
} from "./judge-addresses.ts";
import type { ReplicatedSettings } from "./replica-settings.ts";

const Sample = z.object({ main: z.unknown(), replicas: OutcomeList });

/** How the two kinds of servers are judged. */
export interface ReplicatedJudges {
  readonly main: JudgeAddress;
  readonly replica: JudgeAddress;
}

/**
 * Judges a server with its replicas: the server rules, and replicas are warnings in words and parts. Only where the
 * monitor's policy is `degrade` and no replica is well is an up server's data centre `degraded` (ADR 12); one that is
 * not up keeps its own verdict, and nothing of this is ever down.
 *
 * @param outcome how the probe of the session with replicas ended
 * @param settings the target's
 * @param judges of the server and of a replica
 */
export function judgeReplicated(
  outcome: ProbeOutcome,
  settings: Pick<ReplicatedSettings, "address" | "replicas" | "replicaTrouble">,
  judges: ReplicatedJudges,
): Judgement {
  const { address } = settings;
  if (settings.replicas.length === 0 || outcome.type !== "answered") return judges.main(outcome, address);
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined) return judges.main(outcome, address);
  const main = judges.main({ ...outcome, sample: sample.main }, address);
  const replicas = readOutcomes(sample.replicas).map((one) => ({
    address: one.address,
    judgement: judges.replica(one.outcome, one.address),
  }));
  return replicas.length === 0 ? main : combine({ address, judgement: main }, replicas, settings);
}

function combine(
  main: JudgedAddress,
  replicas: readonly JudgedAddress[],
  { replicaTrouble }: Pick<ReplicatedSettings, "replicaTrouble">,
): Judgement {
  const parts = [renderPart(main), ...replicas.map(renderReplica)];
  const ill = replicas.filter(({ judgement }) => judgement.verdict !== "up");
  const [first] = ill;
  if (first === undefined) return { ...main.judgement, parts };
  const note = `${ill.length} of ${replicas.length} replicas not well: ${describeFirst(first)}`;
  const words = `${main.judgement.words}; ${note}`.slice(0, WORDS_MAX);
  const { advice } = first.judgement;
  const further = advice === undefined || main.judgement.advice !== undefined ? {} : { advice };
  const isDegraded =
    replicaTrouble === "degrade" && main.judgement.verdict === "up" && replicas.every(isUnusable);
  if (!isDegraded) return { ...main.judgement, ...further, words, parts };
  const isLag = replicas.every(({ judgement }) => judgement.reason === "lagging");
  return { verdict: "degraded", reason: isLag ? "lagging" : "incomplete", ...further, words, parts };
}

/** What only we may not see (a right that our account lacks) takes no replica from those who read there. */
function isUnusable({ judgement }: JudgedAddress): boolean {
  return judgement.verdict !== "up" && judgement.verdict !== "config";
}

function describeFirst({ address, judgement: { words } }: JudgedAddress): string {
  return words.includes(address) ? words : `${address} ${words}`;
}

function renderReplica(replica: JudgedAddress): JudgementPart {
  const part = renderPart(replica);
  return { ...part, words: `replica: ${part.words}`.slice(0, PART_WORDS_MAX) };
}

/** What is known of how a replica follows. */
export interface Following {
  /** What is wrong, in words that follow the replica's address; empty: nothing. */
  readonly troubles: readonly string[];
  /** How far behind, in milliseconds; null: not known. */
  readonly lagMs: number | null;
  /** What the account lacks to see more. */
  readonly missing?: { readonly words: string; readonly advice: string } | undefined;
}

/**
 * Judges how a replica follows.
 *
 * @param following what is known
 * @param lagLimitMs a replica further behind is ill; null: no limit
 */
export function judgeFollowing(
  { troubles, lagMs, missing }: Following,
  lagLimitMs: number | null,
): Judgement {
  const behind = lagMs === null ? null : `${formatSeconds(lagMs)} s behind`;
  const isLate = lagMs !== null && lagLimitMs !== null && lagMs > lagLimitMs;
  const limit = isLate ? [`${behind}, more than the ${formatSeconds(lagLimitMs)} s allowed`] : [];
  const all = [...troubles, ...limit];
  if (all.length > 0) {
    const reason = troubles.length > 0 ? "incomplete" : "lagging";
    return { verdict: "degraded", reason, words: all.join("; ").slice(0, WORDS_MAX) };
  }
  if (missing !== undefined) return { verdict: "config", reason: "permission-denied", ...missing };
  return { verdict: "up", reason: "ok", words: behind === null ? "follows" : `follows, ${behind}` };
}

function formatSeconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 10_000 ? 1 : 0);
}
