import type { Judgement, ProbeReason, Verdict } from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";

/** What an error code means: one row of a table. */
export interface Meaning {
  readonly verdict: Verdict;
  readonly reason: ProbeReason;
  /** What to check or paste next. */
  readonly advice?: string;
}

/** Error codes of an engine and what they mean. */
export type Meanings = Readonly<Record<string, Meaning>>;

const down = (reason: ProbeReason): Meaning => ({ verdict: "down", reason });
const config = (reason: ProbeReason, advice: string): Meaning => ({ verdict: "config", reason, advice });

/** Errors of the network, the same for every engine. A name that does not resolve is a setting, not a dead target. */
const NETWORK: Meanings = {
  ECONNREFUSED: down("refused"),
  ECONNRESET: down("reset"),
  EPIPE: down("closed"),
  ECONNABORTED: down("closed"),
  PROTOCOL_CONNECTION_LOST: down("closed"),
  UND_ERR_SOCKET: down("closed"),
  ETIMEDOUT: down("timed-out"),
  EHOSTUNREACH: down("unreachable"),
  ENETUNREACH: down("unreachable"),
  EHOSTDOWN: down("unreachable"),
  ENOTFOUND: config("name-not-found", "check the host name and the agent's DNS"),
  EAI_AGAIN: config("name-not-found", "check the agent's DNS"),
  CERT_HAS_EXPIRED: config("tls-failed", "renew the server's certificate"),
  DEPTH_ZERO_SELF_SIGNED_CERT: config(
    "tls-failed",
    "give the certificate authority that signed the server's certificate",
  ),
  SELF_SIGNED_CERT_IN_CHAIN: config(
    "tls-failed",
    "give the certificate authority that signed the server's certificate",
  ),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: config(
    "tls-failed",
    "give the certificate authority that signed the server's certificate",
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: config(
    "tls-failed",
    "the certificate is for another name: check the server name",
  ),
};

/** What the judge of a failure needs beside the outcome. */
export interface FailureSubject {
  /** The address, for the words. */
  readonly address: string;
  /** The engine's own codes; they win over the network's. */
  readonly meanings: Meanings;
  /**
   * What an error means whose code is in no table. An engine's own error is an answer, and an answer is life [SAFE-5]:
   * `true` means that the code has the form of the engine's codes.
   */
  readonly isEngineCode: (code: string) => boolean;
}

/**
 * Judges a probe that failed or timed out.
 *
 * @param outcome the outcome
 * @param subject address and tables
 */
export function judgeFailure(
  outcome: Exclude<ProbeOutcome, { type: "answered" }>,
  subject: FailureSubject,
): Judgement {
  if (outcome.type === "timed-out") {
    const words = `${subject.address} did not answer within ${Math.round(outcome.afterMs)} ms`;
    return { verdict: "down", reason: "timed-out", words };
  }
  const { code, message } = outcome.error;
  const meaning = findMeaning(code, subject);
  const name = code === undefined ? "" : ` (${code})`;
  return {
    verdict: meaning.verdict,
    reason: meaning.reason,
    ...(code === undefined ? {} : { code: code.slice(0, 60) }),
    words: `${describeReason(meaning.reason)} ${subject.address}${name}: ${message}`.slice(0, 500),
    ...(meaning.advice === undefined ? {} : { advice: meaning.advice }),
  };
}

function findMeaning(code: string | undefined, subject: FailureSubject): Meaning {
  if (code === undefined) return down("closed");
  const known = subject.meanings[code] ?? NETWORK[code];
  if (known !== undefined) return known;
  return subject.isEngineCode(code) ? { verdict: "degraded", reason: "bad-answer" } : down("bad-answer");
}

/** How a sentence about a reason begins; the address follows. */
const BEGINNINGS: Partial<Record<ProbeReason, string>> = {
  refused: "connection refused by",
  closed: "connection closed by",
  reset: "connection reset by",
  "timed-out": "no answer in time from",
  unreachable: "no way to",
  "name-not-found": "cannot find",
  "tls-failed": "TLS failed with",
  "auth-failed": "access denied by",
  "permission-denied": "permission denied by",
  "unknown-database": "unknown database at",
  saturated: "no room at",
  "disk-full": "disk full at",
  "read-only": "read-only:",
  starting: "still starting:",
  "shutting-down": "shutting down:",
};

function describeReason(reason: ProbeReason): string {
  return BEGINNINGS[reason] ?? "error of";
}

/**
 * Judges an answer as up.
 *
 * @param latencyMs how long it took
 * @param about what was found, in a few words; empty: nothing to add
 */
export function judgeUp(latencyMs: number, about = ""): Judgement {
  const took = `answered in ${latencyMs < 10 ? latencyMs.toFixed(1) : Math.round(latencyMs)} ms`;
  return { verdict: "up", reason: "ok", words: about === "" ? took : `${took}, ${about}` };
}
