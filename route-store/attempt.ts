import type { StoreFailure, StoreResult } from "@evenkeel/contracts/route-store";
import { NO_USER, type Verdict } from "./classify-answer.ts";
import { failure } from "./failure.ts";
import type { GatewayOutcome } from "./gateway-outcome.ts";
import { type Members, noteFailure, noteSuccess } from "./members.ts";

/** A token that is refused this often although it is fresh is no matter of expiry. */
const MAX_RELOGINS = 3;

/**
 * Where a call gets its token from. `invalidate` names the token that was refused; `suspect` one with which no endpoint
 * answers: it stays in use until a login has brought another.
 */
export interface TokenSource {
  get(deadlineAtMs: number): Promise<StoreResult<string | null>>;
  invalidate(token: string | null): void;
  suspect(token: string | null): void;
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
   * True for a call that a failover waits for: it keeps to endpoints that are well, asks the next one while the last
   * has not answered yet, and goes on without back-off. The others find out whether a sick endpoint has recovered, and
   * ask a dead store less and less often.
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

/** One call under way: what was tried and what came of it. */
export interface Attempt {
  readonly members: Members;
  readonly question: Question;
  readonly tokens: TokenSource;
  readonly deadlineAtMs: number;
  readonly asked: Set<number>;
  readonly refusals: Map<number, { readonly tls: boolean; readonly message: string }>;
  relogins: number;
  timeouts: number;
  maybeApplied: boolean;
  /** The answer to a try that was not waited for any longer. */
  late: Answer | null;
  /** Called when there is one. */
  onLate: () => void;
}

/**
 * Takes what a try ended with.
 *
 * @param attempt the call, which it updates
 * @param index the endpoint
 * @param token the token that was sent
 * @param outcome what came back
 * @returns the answer, or null if another try is due
 */
export function take(
  attempt: Attempt,
  index: number,
  token: string | null,
  outcome: GatewayOutcome,
): Answer | null {
  const { members } = attempt;
  if (members.closing.aborted) return failure("closed", "the route store was closed by its owner");
  if (outcome.kind !== "answered") return weigh(attempt, index, token, outcome);
  noteSuccess(members, index);
  return {
    ok: true,
    body: outcome.body,
    endpoint: members.endpoints[index]?.name ?? "",
    maybeAppliedBefore: attempt.maybeApplied,
  };
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
    if (attempt.timeouts >= attempt.members.endpoints.length) attempt.tokens.suspect(token);
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
      // Where client certificates are asked for, the gateway's own takes the place of the missing user, and has no role.
      if (verdict.reason === "permission-denied" && token === null)
        return failure("auth-failed", `${name}: ${NO_USER}`);
      return failure(verdict.reason, `${name}: ${verdict.message}`);
  }
}

/** @returns true if every endpoint refused because of TLS: trying again would not help */
export function allRefusedByTls(attempt: Attempt): boolean {
  const all = [...attempt.refusals.values()];
  return all.length === attempt.members.endpoints.length && all.every((refusal) => refusal.tls);
}

/** @returns what each endpoint said */
export function describe(attempt: Attempt): string {
  const parts = [...attempt.refusals].map(
    ([index, refusal]) => `${attempt.members.endpoints[index]?.name}: ${refusal.message}`,
  );
  return parts.length === 0 ? "no endpoint was reached" : parts.join("; ");
}

/** @returns the failure of a call that has no time left */
export function exhausted(attempt: Attempt): StoreFailure {
  return failure("unavailable", `not done within ${attempt.question.deadlineMs} ms (${describe(attempt)})`);
}
