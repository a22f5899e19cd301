import type {
  RangeReading,
  RouteStore,
  StorePut,
  StoreResult,
  SwapOutcome,
} from "@evenkeel/contracts/route-store";
import type { z } from "zod";
import { createEndpointChoice } from "./endpoint-choice.ts";
import { failure } from "./failure.ts";
import { connectEndpoint } from "./gateway.ts";
import { createLogin } from "./login.ts";
import type { Members } from "./members.ts";
import { RouteStoreOptions, toEndpoint } from "./options.ts";
import { pause } from "./pause.ts";
import { type Ask, createAsk, readRange } from "./read-range.ts";
import { shareWatches } from "./share-watches.ts";
import type { OnStoreEvent, StoreEvent } from "./store-event.ts";
import { pauseBeforeNext, startWatch } from "./watch.ts";
import { putRequest, swapRequest } from "./wire-requests.ts";
import { GrantAnswer, KeepaliveAnswer, PutAnswer, SwapAnswer, toEntry } from "./wire-responses.ts";

/** etcd's default `--max-txn-ops`. */
export const MAX_SWAP_KEYS = 128;

/** How etcd words a lease that it does not know (api/v3rpc/rpctypes/error.go). */
const LEASE_GONE = "lease not found";

/** Settings, and who hears about the store's own events. */
export type OpenRouteStoreOptions = z.input<typeof RouteStoreOptions> & { readonly onEvent?: OnStoreEvent };

/**
 * Opens an etcd cluster through its v3 JSON gateway. Nothing is sent before the first call.
 *
 * @param options endpoints, credentials, deadlines
 * @returns the store; close it to end its watches, connections and timers
 * @throws ZodError if the options are not valid (an owner validates configuration before it gets here)
 */
export function openRouteStore(options: OpenRouteStoreOptions): RouteStore {
  const { onEvent, ...settings } = options;
  const parsed = RouteStoreOptions.parse(settings);
  const endpoints = parsed.endpoints.map((address) => toEndpoint(address, parsed.tls !== undefined));
  const closing = new AbortController();
  const members: Members = {
    endpoints,
    connections: endpoints.map((endpoint) => connectEndpoint(endpoint, parsed.tls, parsed.tryMs)),
    choice: createEndpointChoice(endpoints.length),
    onEvent: onEvent ?? surfaceBugs,
    closing: closing.signal,
  };
  const tokens = createLogin(members, parsed.user, parsed.password);
  const ask = createAsk(members, tokens, parsed);
  const range = async (key: string, prefix: boolean): Promise<StoreResult<RangeReading>> => {
    const result = await readRange(ask, key, prefix);
    return result.ok ? { ok: true, value: result.value.reading } : result;
  };
  const source = { members, tokens, ask, limits: parsed };
  const watch = shareWatches({
    start: (prefix, listener, watchOptions) => startWatch(source, prefix, listener, watchOptions),
    read: (prefix) => range(prefix, true),
    pauseAfter: (problem, failures) => pause(pauseBeforeNext(problem, failures), closing.signal),
    onThrow: (prefix, error) => members.onEvent({ type: "listener-threw", prefix, error }),
    closing: closing.signal,
  });
  return {
    range: (key, rangeOptions) => range(key, rangeOptions?.prefix ?? false),
    put: (entry) => put(ask, entry),
    swap: (entry, expectedRevision, also) => swap(ask, entry, expectedRevision, also ?? []),
    grantLease: (ttlS) => grantLease(ask, ttlS),
    renewLease: (lease) => renewLease(ask, lease),
    revokeLease: (lease) => revokeLease(ask, lease),
    watch: (prefix, listener, watchOptions) => watch(prefix, listener, watchOptions ?? {}),
    close() {
      if (closing.signal.aborted) return;
      closing.abort();
      for (const connection of members.connections) connection.close();
    },
  };
}

/** Without an owner who listens, events are dropped, save for a bug in a listener: that becomes an uncaught exception. */
function surfaceBugs(event: StoreEvent): void {
  if (event.type !== "listener-threw") return;
  queueMicrotask(() => {
    throw event.error;
  });
}

async function put(ask: Ask, entry: StorePut): Promise<StoreResult<{ revision: number }>> {
  const answer = await ask("/v3/kv/put", putRequest(entry));
  if (!answer.ok) return answer;
  const parsed = PutAnswer.safeParse(answer.body);
  if (!parsed.success) return unknownForm(answer.endpoint, "a put");
  return { ok: true, value: { revision: parsed.data.header.revision } };
}

async function swap(
  ask: Ask,
  entry: StorePut,
  expectedRevision: number,
  also: readonly StorePut[],
): Promise<StoreResult<SwapOutcome>> {
  if (also.length + 1 > MAX_SWAP_KEYS) {
    return failure("rejected", `${also.length + 1} keys in one swap; etcd takes at most ${MAX_SWAP_KEYS}`);
  }
  const answer = await ask("/v3/kv/txn", swapRequest(entry, expectedRevision, also), { urgent: true });
  if (!answer.ok) return answer;
  const parsed = SwapAnswer.safeParse(answer.body);
  if (!parsed.success) return unknownForm(answer.endpoint, "a transaction");
  const { header, succeeded, responses } = parsed.data;
  if (succeeded) return { ok: true, value: { swapped: true, revision: header.revision } };
  const standing = responses[0]?.response_range?.kvs[0];
  const current = standing === undefined ? null : toEntry(standing);
  // An earlier try of this very call may have been applied without an answer. What stands then is our own value.
  if (answer.maybeAppliedBefore && current !== null && current.value === entry.value) {
    return { ok: true, value: { swapped: true, revision: current.modRevision } };
  }
  return { ok: true, value: { swapped: false, current } };
}

async function grantLease(ask: Ask, ttlS: number): Promise<StoreResult<{ lease: string }>> {
  const answer = await ask("/v3/lease/grant", { TTL: String(ttlS) });
  if (!answer.ok) return answer;
  const parsed = GrantAnswer.safeParse(answer.body);
  return parsed.success
    ? { ok: true, value: { lease: parsed.data.ID } }
    : unknownForm(answer.endpoint, "a lease grant");
}

async function renewLease(ask: Ask, lease: string): Promise<StoreResult<{ alive: boolean }>> {
  const answer = await ask("/v3/lease/keepalive", { ID: lease });
  if (!answer.ok) return answer;
  const parsed = KeepaliveAnswer.safeParse(answer.body);
  return parsed.success
    ? { ok: true, value: { alive: parsed.data.result.TTL > 0 } }
    : unknownForm(answer.endpoint, "a lease renewal");
}

async function revokeLease(ask: Ask, lease: string): Promise<StoreResult<null>> {
  const answer = await ask("/v3/lease/revoke", { ID: lease });
  if (answer.ok || answer.message.includes(LEASE_GONE)) return { ok: true, value: null };
  return answer;
}

function unknownForm(endpoint: string, what: string): ReturnType<typeof failure> {
  return failure("rejected", `${endpoint} answered ${what} in an unknown form`);
}
