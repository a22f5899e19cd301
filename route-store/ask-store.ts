import type { StoreFailure, StoreResult } from "@evenkeel/contracts/route-store";
import type { Verdict } from "./classify-answer.ts";
import { failure } from "./failure.ts";
import type { GatewayOutcome } from "./gateway-outcome.ts";
import { type Members, noteFailure, noteSuccess } from "./members.ts";
import { pause } from "./pause.ts";

/** Pause after every endpoint has been asked in vain: short, because a new leader may stand at any moment. */
export const ROUND_PAUSE_MS = 50;
/** Longest pause of a call that is not urgent, so that a dead store is not hammered by everybody who watches it. */
const LONGEST_ROUND_PAUSE_MS = 250;
/** Tries of one call, whatever its deadline. */
const MAX_TRIES = 2000;
/** A token that is refused this often although it is fresh is no matter of expiry. */
const MAX_RELOGINS = 3;

/** Where a call gets its token from; `invalidate` names the token that was refused. */
export interface TokenSource {
  get(deadlineAtMs: number): Promise<StoreResult<string | null>>;
  invalidate(token: string | null): void;
}

/** One call to the store. */
export interface Question {
  readonly path: string;
  readonly body: string;
  readonly deadlineMs: number;
  readonly tryMs: number;
  /** Milliseconds for each try after one that got no answer: the store is in trouble, and asking again finds its end. */
  readonly laterTryMs: number;
  /**
   * True for a call that a failover waits for: it keeps to endpoints that are well and asks again without back-off.
   * The others find out whether a sick endpoint has recovered, and ask a dead store less and less often.
   */
  readonly urgent: boolean;
}

/** The answer, and whether an earlier try of the same call may have been applied although it got no answer. */
export type Answer =
  | {
      readonly ok: true;
      readonly body: unknown;
      readonly endpoint: string;
      readonly maybeAppliedBefore: boolean;
    }
  | StoreFailure;

interface Attempt {
  readonly members: Members;
  readonly question: Question;
  readonly tokens: TokenSource;
  readonly deadlineAtMs: number;
  readonly asked: Set<number>;
  readonly refusals: Map<number, { readonly tls: boolean; readonly message: string }>;
  relogins: number;
  timeouts: number;
  maybeApplied: boolean;
}

/**
 * Asks one endpoint after the other until one answers or the deadline has passed.
 *
 * Repeating is safe for everything we ask: reads, blind puts of beats, leases (an unanswered grant expires), and
 * compare-and-swap, of which the store applies at most one copy. `maybeAppliedBefore` tells the last one apart.
 *
 * @param members the endpoints
 * @param tokens where tokens come from
 * @param question what to ask
 * @returns the answer; `unavailable` after the deadline, other reasons at once
 */
export async function askStore(members: Members, tokens: TokenSource, question: Question): Promise<Answer> {
  const attempt: Attempt = {
    members,
    question,
    tokens,
    deadlineAtMs: performance.now() + question.deadlineMs,
    asked: new Set(),
    refusals: new Map(),
    relogins: 0,
    timeouts: 0,
    maybeApplied: false,
  };
  let rounds = 0;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (members.closing.aborted) return failure("closed", "the route store was closed by its owner");
    if (performance.now() >= attempt.deadlineAtMs) return exhausted(attempt);
    const index = members.choice.pick(performance.now(), attempt.asked, !question.urgent);
    if (index === null) {
      if (allRefusedByTls(attempt)) return failure("tls-failed", describe(attempt));
      attempt.asked.clear();
      rounds += 1;
      const roundMs = question.urgent ? ROUND_PAUSE_MS : ROUND_PAUSE_MS * 2 ** Math.min(rounds - 1, 5);
      const remainingMs = attempt.deadlineAtMs - performance.now();
      await pause(Math.min(roundMs, LONGEST_ROUND_PAUSE_MS, remainingMs), members.closing);
      continue;
    }
    const answer = await askOne(attempt, index);
    if (answer !== null) return answer;
  }
  return exhausted(attempt);
}

/** @returns the answer, or null if another try is due */
async function askOne(attempt: Attempt, index: number): Promise<Answer | null> {
  const { members, question, tokens } = attempt;
  const endpoint = members.endpoints[index];
  const connection = members.connections[index];
  if (endpoint === undefined || connection === undefined) throw new Error(`there is no endpoint ${index}`);
  const token = await tokens.get(attempt.deadlineAtMs);
  if (!token.ok) return token;
  attempt.asked.add(index);
  const remainingMs = attempt.deadlineAtMs - performance.now();
  // The token may have taken all the time there was; a request that cannot be waited for is not sent.
  if (remainingMs < 1) return null;
  const patienceMs = attempt.timeouts > 0 ? question.laterTryMs : question.tryMs;
  const timeoutMs = Math.max(1, Math.round(Math.min(patienceMs, remainingMs)));
  const outcome = await connection.post({
    path: question.path,
    body: question.body,
    token: token.value,
    timeoutMs,
  });
  if (members.closing.aborted) return failure("closed", "the route store was closed by its owner");
  if (outcome.kind === "answered") {
    noteSuccess(members, index);
    return {
      ok: true,
      body: outcome.body,
      endpoint: endpoint.name,
      maybeAppliedBefore: attempt.maybeApplied,
    };
  }
  return weigh(attempt, index, token.value, outcome);
}

function weigh(
  attempt: Attempt,
  index: number,
  token: string | null,
  outcome: Exclude<GatewayOutcome, { kind: "answered" }>,
): Answer | null {
  const name = attempt.members.endpoints[index]?.name ?? "";
  if (outcome.kind === "no-answer") {
    attempt.maybeApplied ||= outcome.failure.maybeApplied;
    if (outcome.failure.maybeApplied) attempt.timeouts += 1;
    attempt.refusals.set(index, outcome.failure);
    noteFailure(attempt.members, index, outcome.failure.message);
    return null;
  }
  const verdict: Verdict = outcome.verdict;
  switch (verdict.kind) {
    case "relogin":
      attempt.relogins += 1;
      attempt.tokens.invalidate(token);
      attempt.asked.delete(index);
      return attempt.relogins > MAX_RELOGINS
        ? failure("auth-failed", `${name} refuses a fresh token: ${verdict.message}`)
        : null;
    case "retry":
      attempt.maybeApplied ||= verdict.maybeApplied;
      attempt.refusals.set(index, { tls: false, message: verdict.message });
      noteFailure(attempt.members, index, verdict.message);
      return null;
    case "final":
      noteSuccess(attempt.members, index);
      return failure(verdict.reason, `${name}: ${verdict.message}`);
  }
}

function allRefusedByTls(attempt: Attempt): boolean {
  const all = [...attempt.refusals.values()];
  return all.length === attempt.members.endpoints.length && all.every((refusal) => refusal.tls);
}

function describe(attempt: Attempt): string {
  const parts = [...attempt.refusals].map(
    ([index, refusal]) => `${attempt.members.endpoints[index]?.name}: ${refusal.message}`,
  );
  return parts.length === 0 ? "no endpoint was reached" : parts.join("; ");
}

function exhausted(attempt: Attempt): StoreFailure {
  return failure("unavailable", `not done within ${attempt.question.deadlineMs} ms (${describe(attempt)})`);
}
