import {
  type Judgement,
  type JudgementPart,
  PART_WORDS_MAX,
  type ProbeReason,
  type Verdict,
  WORDS_MAX,
} from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import type { AddressOutcome } from "./gather-outcomes.ts";

const Outcome = z.discriminatedUnion("type", [
  z.object({ type: z.literal("answered"), sample: z.unknown(), latencyMs: z.number() }),
  z.object({
    type: z.literal("failed"),
    error: z.object({ code: z.string().optional(), message: z.string() }),
    afterMs: z.number(),
  }),
  z.object({ type: z.literal("timed-out"), afterMs: z.number() }),
]);
/** A list of {@link AddressOutcome}, as a sample holds it. */
export const OutcomeList = z.array(z.object({ address: z.string(), outcome: Outcome }));
const Sample = OutcomeList.min(1);

/** Several addresses are as well as the best of them, because clients go on to the next one; an answer is life [SAFE-5]. */
const BEST_FIRST: readonly Verdict[] = ["up", "degraded", "read_only", "config", "down"];
/** Where all are down, refusals speak only if every address refuses: they may decide sooner than silence. */
const REFUSALS: ReadonlySet<ProbeReason> = new Set(["refused", "closed", "reset"]);

/** Judges how the probe of one address ended. */
export type JudgeAddress = (outcome: ProbeOutcome, address: string) => Judgement;

/**
 * Judges a target of one or more addresses: it is as well as the best of them, and each is shown on its own.
 *
 * @param outcome how the probe of {@link keepAddresses} ended
 * @param addresses the target's
 * @param judge judges one address
 */
export function judgeAddresses(
  outcome: ProbeOutcome,
  addresses: readonly string[],
  judge: JudgeAddress,
): Judgement {
  const outcomes = addresses.length > 1 ? listOutcomes(outcome, addresses) : null;
  if (outcomes === null) return judge(outcome, addresses.join(", "));
  return combineParts(
    outcomes.map((one) => ({ address: one.address, judgement: judge(one.outcome, one.address) })),
  );
}

/**
 * Reads how the probe of each address ended.
 *
 * @param outcome how the probe of {@link keepAddresses} ended
 * @param addresses the target's
 * @returns one for each address; null if the probe of several ended as a whole
 */
export function listOutcomes(
  outcome: ProbeOutcome,
  addresses: readonly string[],
): readonly AddressOutcome[] | null {
  const [only] = addresses;
  if (only !== undefined && addresses.length === 1) return [{ address: only, outcome }];
  if (outcome.type !== "answered") return null;
  const sample = Sample.safeParse(outcome.sample).data;
  return sample === undefined ? null : readOutcomes(sample);
}

/**
 * Turns a parsed list into outcomes.
 *
 * @param list the list
 */
export function readOutcomes(list: z.infer<typeof OutcomeList>): AddressOutcome[] {
  return list.map((one) => ({ address: one.address, outcome: readOutcome(one) }));
}

/** zod makes what is optional possibly undefined, which the exact types of outcomes tell apart. */
function readOutcome({ outcome }: z.infer<typeof OutcomeList>[number]): AddressOutcome["outcome"] {
  if (outcome.type !== "failed") return outcome;
  return { ...outcome, error: { code: outcome.error.code, message: outcome.error.message } };
}

/** An address with its judgement. */
export interface JudgedAddress {
  readonly address: string;
  readonly judgement: Judgement;
}

/**
 * Puts the judgements of several addresses together: the best of them speaks, and tells of the first that is worse.
 *
 * @param judged at least one
 */
export function combineParts(judged: readonly JudgedAddress[]): Judgement {
  const rank = ({ judgement: { verdict, reason } }: JudgedAddress) =>
    BEST_FIRST.indexOf(verdict) + (REFUSALS.has(reason) ? 0.5 : 0);
  const [best, ...others] = [...judged].sort((left, right) => rank(left) - rank(right));
  if (best === undefined) throw new Error("a target has at least one address");
  const worse = others.filter((one) => rank(one) > rank(best));
  const [first] = worse;
  const note =
    first === undefined ? "" : `; not so ${worse.length} of ${judged.length}: ${first.judgement.words}`;
  return {
    ...best.judgement,
    words: `${best.judgement.words}${note}`.slice(0, WORDS_MAX),
    parts: judged.map(renderPart),
  };
}

/**
 * Shows the judgement of one address beside others.
 *
 * @param judged the address
 */
export function renderPart({ address, judgement }: JudgedAddress): JudgementPart {
  return { address, verdict: judgement.verdict, words: judgement.words.slice(0, PART_WORDS_MAX) };
}
