import type { RangeReading, StoreResult } from "@evenkeel/contracts/route-store";
import { askStore } from "./ask-store.ts";
import type { Answer, TokenSource } from "./attempt.ts";
import { failure } from "./failure.ts";
import type { Members } from "./members.ts";
import { rangeRequest } from "./wire-requests.ts";
import { RangeAnswer, toEntry } from "./wire-responses.ts";

/** Asks the store with the deadlines of its owner. */
export type Ask = (path: string, body: object, options?: { urgent?: boolean }) => Promise<Answer>;

/** A reading, and the id of the cluster that gave it: a restored cluster has another one. */
export interface RangeAndCluster {
  readonly reading: RangeReading;
  readonly clusterId: string;
}

/**
 * Binds the settings that all calls of one store share.
 *
 * @param members the endpoints
 * @param tokens where tokens come from
 * @param limits `deadlineMs` for a call, `tryMs` for one endpoint
 * @returns a function that asks
 */
export function createAsk(
  members: Members,
  tokens: TokenSource,
  limits: { readonly deadlineMs: number; readonly tryMs: number },
): Ask {
  const laterTryMs = Math.max(Math.round(limits.tryMs / 2), 20);
  return (path, body, options) =>
    askStore(members, tokens, {
      path,
      body: JSON.stringify(body),
      deadlineMs: limits.deadlineMs,
      tryMs: limits.tryMs,
      laterTryMs: options?.urgent ? limits.tryMs : laterTryMs,
      urgent: options?.urgent ?? false,
    });
}

/**
 * Reads one key or a prefix, linearizably: the answer is not older than the question.
 *
 * @param ask how to ask
 * @param key the key or prefix
 * @param prefix true for all keys that begin with `key`
 * @returns the reading
 */
export async function readRange(
  ask: Ask,
  key: string,
  prefix: boolean,
): Promise<StoreResult<RangeAndCluster>> {
  const answer = await ask("/v3/kv/range", rangeRequest(key, prefix));
  if (!answer.ok) return answer;
  const parsed = RangeAnswer.safeParse(answer.body);
  if (!parsed.success) return failure("rejected", `${answer.endpoint} answered a range in an unknown form`);
  const { header, kvs } = parsed.data;
  return {
    ok: true,
    value: {
      reading: { entries: kvs.map(toEntry), revision: header.revision },
      clusterId: header.cluster_id,
    },
  };
}
