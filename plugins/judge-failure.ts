import { type Judgement, type ProbeReason, WORDS_MAX } from "@evenkeel/contracts/observation";
import type { ProbeError, ProbeOutcome } from "@evenkeel/contracts/plugin";
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
    return { verdict: "down", reason: "timed-out", words };
  }
  const { error } = outcome;
  const meaning = findMeaning(error.code, subject);
  const advice = meaning.advice === undefined ? undefined : fillIn(meaning.advice, subject);
  return {
    verdict: meaning.verdict,
    reason: meaning.reason,
    ...(error.code === undefined || OWN_CODES.has(error.code) ? {} : { code: error.code.slice(0, CODE_MAX) }),
    words: describeFailure(meaning.reason, error, subject).slice(0, WORDS_MAX),
    ...(advice === undefined ? {} : { advice: advice.slice(0, WORDS_MAX) }),
  };
}

function findMeaning(code: string | undefined, { meanings, isEngineCode }: FailureSubject): Meaning {
  if (code === undefined) return { verdict: "down", reason: "bad-answer" };
  const known = findOwn(meanings, code) ?? findOwn(NETWORK_MEANINGS, code);
  if (known !== undefined) return known;
  return { verdict: isEngineCode(code) ? "degraded" : "down", reason: "bad-answer" };
}

/** A server chooses its codes: `constructor` must not find what every object has. */
function findOwn(meanings: Meanings, code: string): Meaning | undefined {
  return Object.hasOwn(meanings, code) ? meanings[code] : undefined;
}

/** What a failure is told with. `complete`: the system's own words would only repeat it. */
interface Sentence {
  readonly text: string;
  readonly complete?: boolean;
}

const SENTENCES: Partial<Record<ProbeReason, Sentence>> = {
  refused: { text: "connection refused by {address}", complete: true },
  closed: { text: "connection closed by {address}", complete: true },
  reset: { text: "connection reset by {address}", complete: true },
  "timed-out": { text: "timed out waiting for {address}", complete: true },
  unreachable: { text: "no route to {address}", complete: true },
  "name-not-found": { text: "no such host: {address}", complete: true },
  "tls-failed": { text: "TLS with {address} failed" },
  "auth-failed": { text: "access denied for user {user} at {address}" },
  "permission-denied": { text: "user {user} lacks a permission at {address}" },
  "unknown-database": { text: "no access to database {database} at {address}" },
  saturated: { text: "no room left at {address}" },
  "disk-full": { text: "no disk space left at {address}" },
  "read-only": { text: "{address} is read-only" },
  starting: { text: "{address} is starting" },
  "shutting-down": { text: "{address} is shutting down" },
  "bad-settings": { text: "this agent could not probe {address}" },
};
const UNEXPECTED: Sentence = { text: "unexpected answer from {address}" };

function describeFailure(
  reason: ProbeReason,
  { code, message }: ProbeError,
  subject: FailureSubject,
): string {
  const { text, complete } = SENTENCES[reason] ?? UNEXPECTED;
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
