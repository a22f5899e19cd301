import { type Judgement, type ProbeReason, WORDS_MAX } from "@evenkeel/contracts/observation";
import type { ProbeError, ProbeOutcome } from "@evenkeel/contracts/plugin";
import { findSentence } from "./failure-sentences.ts";
import type { Meaning, Meanings } from "./meaning.ts";
import { ABANDONED, EDGE_FAILED, NETWORK_MEANINGS, PEER_CLOSED } from "./network-errors.ts";

/** What the judge of a failure needs beside the outcome. */
export interface FailureSubject {
  readonly address: string;
  readonly user?: string | undefined;
  readonly database?: string | undefined;
  /** The engine's own codes; they win over the network's. */
  readonly meanings: Meanings;
  /** Tells whether a code has the form of the codes that the engine itself answers with. */
  readonly isEngineCode: (code: string) => boolean;
}

/** As long as a judgement's code may be. */
const CODE_MAX = 60;
/** Codes that we gave ourselves tell a reader nothing beside the words. */
const OWN_CODES: ReadonlySet<string> = new Set([PEER_CLOSED, ABANDONED, EDGE_FAILED]);

/**
 * Judges a probe that failed or timed out, by tables. What stands in no table: an error that the engine itself answered
 * is an answer, and an answer is life, so that it is `degraded` [SAFE-5]; anything else came from something that does
 * not speak the engine's language, which no application could use either, so that it is `down`.
 *
 * @param outcome how the probe ended
 * @param subject whom it asked, and the engine's table
 * @returns the judgement, in words without secrets
 */
export function judgeFailure(
  outcome: Exclude<ProbeOutcome, { type: "answered" }>,
  subject: FailureSubject,
): Judgement {
  if (outcome.type === "timed-out") {
    const words = `timed out after ${Math.round(outcome.afterMs)} ms waiting for ${subject.address}`;
    return adviseToo({ verdict: "down", reason: "timed-out", words }, findSentence("timed-out").advice);
  }
  const { error } = outcome;
  const meaning = findMeaning(error.code, subject);
  const template = meaning.advice ?? findSentence(meaning.reason).advice;
  const advice = template === undefined ? undefined : fillIn(template, subject);
  return {
    verdict: meaning.verdict,
    reason: meaning.reason,
    ...(error.code === undefined || OWN_CODES.has(error.code) ? {} : { code: error.code.slice(0, CODE_MAX) }),
    words: describeFailure(meaning.reason, error, subject).slice(0, WORDS_MAX),
    ...(advice === undefined ? {} : { advice: advice.slice(0, WORDS_MAX) }),
  };
}

const UNKNOWN_CODE: Meaning = {
  verdict: "degraded",
  reason: "bad-answer",
  advice: "look the code up in the server's manual, and see its log",
};

function findMeaning(code: string | undefined, { meanings, isEngineCode }: FailureSubject): Meaning {
  if (code === undefined) return { verdict: "down", reason: "bad-answer" };
  const known = findOwn(meanings, code) ?? findOwn(NETWORK_MEANINGS, code);
  if (known !== undefined) return known;
  return isEngineCode(code) ? UNKNOWN_CODE : { verdict: "down", reason: "bad-answer" };
}

/** A server chooses its codes: `constructor` must not find what every object has. */
function findOwn(meanings: Meanings, code: string): Meaning | undefined {
  return Object.hasOwn(meanings, code) ? meanings[code] : undefined;
}

function describeFailure(
  reason: ProbeReason,
  { code, message }: ProbeError,
  subject: FailureSubject,
): string {
  const { text, complete } = findSentence(reason);
  const isEngines = code !== undefined && findOwn(subject.meanings, code) !== undefined;
  if (complete === true && !isEngines) return fillIn(text, subject);
  const named = code === undefined || OWN_CODES.has(code) ? "" : ` (${code})`;
  return `${fillIn(text, subject)}${named}${message === "" ? "" : `: ${message}`}`;
}

function fillIn(text: string, { address, user, database }: FailureSubject): string {
  const values: Record<string, string> = { address, user: user ?? "(none)", database: database ?? "(none)" };
  return text.replace(/\{(address|user|database)\}/g, (_, name: string) => values[name] ?? "");
}

/**
 * Adds advice to a judgement.
 *
 * @param judgement what was judged
 * @param advice what to do besides
 */
export function adviseToo(judgement: Judgement, advice: string | undefined): Judgement {
  if (advice === undefined) return judgement;
  const both = judgement.advice === undefined ? advice : `${judgement.advice}; ${advice}`;
  return { ...judgement, advice: both.slice(0, WORDS_MAX) };
}

/**
 * Judges an answer as up.
 *
 * @param latencyMs how long it took, in milliseconds
 * @param about what was found, in a few words; empty: nothing to add
 * @returns the judgement
 */
export function judgeUp(latencyMs: number, about = ""): Judgement {
  const took = `answered in ${latencyMs < 10 ? latencyMs.toFixed(1) : Math.round(latencyMs)} ms`;
  return { verdict: "up", reason: "ok", words: about === "" ? took : `${took}, ${about}` };
}

/**
 * Judges an answer that is not the engine's: whatever listens there, it is not what applications need.
 *
 * @param engine the engine's name
 * @param address where it was asked
 * @returns down, with a hint
 */
export function judgeStranger(engine: string, address: string): Judgement {
  return {
    verdict: "down",
    reason: "bad-answer",
    words: `what answers at ${address} is not ${engine}`,
    advice: "check the address: another program may listen there",
  };
}
