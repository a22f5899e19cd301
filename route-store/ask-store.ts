import {
  type Answer,
  type Attempt,
  allRefusedByTls,
  describe,
  exhausted,
  type Question,
  type TokenSource,
  take,
} from "./attempt.ts";
import { failure } from "./failure.ts";
import type { Members } from "./members.ts";
import { pause } from "./pause.ts";

/** Pause after every endpoint has been asked in vain: short, because a new leader may stand at any moment. */
export const ROUND_PAUSE_MS = 50;
/** Longest pause of a call that is not urgent, so that a dead store is not hammered by everybody who watches it. */
const LONGEST_ROUND_PAUSE_MS = 250;
/** The next try of an urgent call begins after this part of the time for a try, so that at most five run together. */
const HEDGE_SHARE = 0.2;
const MIN_HEDGE_MS = 20;
/** Tries of one call, whatever its deadline. */
const MAX_TRIES = 2000;
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
    late: null,
    onLate: () => undefined,
  };
  let rounds = 0;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (members.closing.aborted) return failure("closed", "the route store was closed by its owner");
    if (attempt.late !== null) return attempt.late;
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
  const connection = members.connections[index];
  if (connection === undefined) throw new Error(`there is no endpoint ${index}`);
  const token = await tokens.get(attempt.deadlineAtMs);
  if (!token.ok) return token;
  attempt.asked.add(index);
  const remainingMs = attempt.deadlineAtMs - performance.now();
  // The token may have taken all the time there was; a request that cannot be waited for is not sent.
  if (remainingMs < 1) return null;
  const patienceMs = attempt.timeouts > 0 ? question.laterTryMs : question.tryMs;
  const timeoutMs = Math.max(1, Math.round(Math.min(patienceMs, remainingMs)));
  const request = { path: question.path, body: question.body, token: token.value, timeoutMs };
  const asking = connection.post(request).then((outcome) => take(attempt, index, token.value, outcome));
  return question.urgent ? await withoutWaitingLong(attempt, asking) : await asking;
}

/**
 * Waits for a try only so long that the next one may begin beside it: a hung leader swallows requests, and the first try
 * after the election is the one that counts. Whichever answers first is the answer.
 */
async function withoutWaitingLong(attempt: Attempt, asking: Promise<Answer | null>): Promise<Answer | null> {
  const over = new AbortController();
  const hedgeMs = Math.max(attempt.question.tryMs * HEDGE_SHARE, MIN_HEDGE_MS);
  const late = new Promise<null>((resolve) => {
    attempt.onLate = () => resolve(null);
  });
  const patience = pause(hedgeMs, AbortSignal.any([over.signal, attempt.members.closing])).then(() => null);
  let answered = false;
  const first = asking.then((answer) => {
    answered = true;
    return answer;
  });
  const winner = await Promise.race([first, late, patience]);
  over.abort();
  if (answered) return winner;
  attempt.maybeApplied = true;
  void first.then((answer) => {
    attempt.late ??= answer;
    if (answer !== null) attempt.onLate();
  });
  return null;
}
