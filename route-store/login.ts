import type { StoreResult } from "@evenkeel/contracts/route-store";
import { askStore } from "./ask-store.ts";
import type { TokenSource } from "./attempt.ts";
import { failure } from "./failure.ts";
import type { Members } from "./members.ts";
import { pause } from "./pause.ts";
import { LoginAnswer } from "./wire-responses.ts";

/** A refused login is not repeated sooner than this, however many calls ask for a token. */
export const REFUSED_LOGIN_PAUSE_MS = 1000;
/**
 * A login goes on beyond the deadline of the call that started it, so that after a crowd's restart (bcrypt queues up:
 * 400 logins at the default cost took 14 s) the answer is there for a later call instead of being asked for again.
 */
const LOGIN_DEADLINE_MS = 20_000;
const FIRST_LOGIN_TRY_MS = 1000;
const LONGEST_LOGIN_TRY_MS = 8000;

/** A token is suspected this often at most: where the whole store is mute, a login goes the way of every other call. */
const SUSPICION_PAUSE_MS = 5000;

/** For calls without authentication. */
const NO_TOKEN: TokenSource = {
  get: async () => ({ ok: true, value: null }),
  invalidate: () => undefined,
  suspect: () => undefined,
};

/**
 * Keeps a token: logs in when one is needed, once for all callers that wait for it.
 *
 * @param members the endpoints
 * @param user user name; without one no token is ever asked for
 * @param password its password
 * @returns the source of tokens
 */
export function createLogin(
  members: Members,
  user: string | undefined,
  password: string | undefined,
): TokenSource {
  if (user === undefined) return NO_TOKEN;
  let current: { token: string | null } | null = null;
  let flight: Promise<StoreResult<string | null>> | null = null;
  let suspectAgainMs = 0;
  let refused: { result: StoreResult<never>; untilMs: number } | null = null;

  const fly = async (): Promise<StoreResult<string | null>> => {
    const result = await logIn(members, user, password ?? "");
    flight = null;
    if (result.ok) {
      current = { token: result.value };
      refused = null;
    } else if (result.reason !== "unavailable") {
      refused = { result, untilMs: performance.now() + REFUSED_LOGIN_PAUSE_MS };
    }
    return result;
  };

  return {
    async get(deadlineAtMs) {
      if (current !== null) return { ok: true, value: current.token };
      if (refused !== null && performance.now() < refused.untilMs) return refused.result;
      flight ??= fly();
      return await withinDeadline(flight, deadlineAtMs, members.closing);
    },
    suspect(token) {
      // etcd makes a token from its raft index wait until that index is reached (`auth/simple_token.go`). After a restore
      // from an older copy that may be never: no call is answered, and none is refused either.
      if (token === null || current?.token !== token || performance.now() < suspectAgainMs) return;
      suspectAgainMs = performance.now() + SUSPICION_PAUSE_MS;
      flight ??= fly();
    },
    invalidate(token) {
      // A call that was sent with an older token must not throw away the newer one.
      if (current?.token === token) current = null;
    },
  };
}

async function withinDeadline(
  flight: Promise<StoreResult<string | null>>,
  deadlineAtMs: number,
  closing: AbortSignal,
): Promise<StoreResult<string | null>> {
  const timeout = new AbortController();
  const late = pause(deadlineAtMs - performance.now(), AbortSignal.any([timeout.signal, closing])).then(() =>
    closing.aborted
      ? failure("closed", "the route store was closed by its owner")
      : failure("unavailable", "the login got no answer within the deadline of the call"),
  );
  const result = await Promise.race([flight, late]);
  timeout.abort();
  return result;
}

async function logIn(members: Members, name: string, password: string): Promise<StoreResult<string | null>> {
  const body = JSON.stringify({ name, password });
  const untilMs = performance.now() + LOGIN_DEADLINE_MS;
  let tryMs = FIRST_LOGIN_TRY_MS;
  for (;;) {
    // One round over all endpoints at this patience; the next round is more patient.
    const roundMs = Math.min(tryMs * members.endpoints.length, untilMs - performance.now());
    if (roundMs <= 0) return failure("unavailable", "no endpoint answered the login");
    const answer = await askStore(members, NO_TOKEN, {
      path: "/v3/auth/authenticate",
      body,
      deadlineMs: roundMs,
      tryMs,
      laterTryMs: tryMs,
      urgent: false,
    });
    if (answer.ok) {
      const parsed = LoginAnswer.safeParse(answer.body);
      if (!parsed.success) return failure("rejected", `${answer.endpoint} answered a login without a token`);
      members.onEvent({ type: "logged-in", endpoint: answer.endpoint });
      return { ok: true, value: parsed.data.token };
    }
    if (/authentication is not enabled/.test(answer.message)) {
      members.onEvent({ type: "auth-disabled", endpoint: answer.message.split(": ")[0] ?? "" });
      return { ok: true, value: null };
    }
    if (answer.reason !== "unavailable") return answer;
    tryMs = Math.min(tryMs * 2, LONGEST_LOGIN_TRY_MS);
  }
}
