import type { InstanceEvent } from "@evenkeel/contracts/event";
import { decide } from "@evenkeel/core/arbitration/decide";
import { findMonitor } from "@evenkeel/core/arbitration/monitor-rows";
import type {
  ArbitrationEvent,
  Decision,
  Effect,
  InstanceState,
  Surroundings,
} from "@evenkeel/core/arbitration/state";

/** Random characters that each decision gets for its ids. */
const ENTROPY_LENGTH = 20;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * Decides on an event. Deadlines that are over are served first, so that an event that came late cannot slip in before
 * what was due earlier; both make one decision, which is stored as a whole.
 *
 * @param state the state before
 * @param event what happened
 * @param deadlineMs the deadline that was computed last (control plane's clock, ms); null: none
 * @param senses the clock and when each agent was last heard
 * @param entropy makes fresh random characters
 * @returns the decision
 */
export function decideTurn(
  state: InstanceState,
  event: ArbitrationEvent,
  deadlineMs: number | null,
  senses: Omit<Surroundings, "entropy">,
  entropy: () => string = makeEntropy,
): Decision {
  const isOverdue = event.type !== "tick" && deadlineMs !== null && deadlineMs <= senses.now;
  if (!isOverdue) return decide(state, event, { ...senses, entropy: entropy() });
  const first = decide(state, { type: "tick" }, { ...senses, entropy: entropy() });
  const second = decide(first.state, event, { ...senses, entropy: entropy() });
  return {
    state: second.state,
    effects: [...first.effects.flatMap((effect) => keepStored(effect, second.state)), ...second.effects],
    changed: { ...first.changed, ...second.changed },
    replies: [...first.replies, ...second.replies],
  };
}

/**
 * A route of the first decision that the second one gave up again, for one that stands in a store already, is never
 * stored: it must not be sent either [SAFE-7].
 */
function keepStored(effect: Effect, state: InstanceState): Effect[] {
  if (effect.type !== "write-routes") return [effect];
  const writes = effect.writes.filter(
    ({ monitorId, route }) => findMonitor(state, monitorId)?.route.decision === route.decision,
  );
  return writes.length === 0 ? [] : [{ ...effect, writes }];
}

/**
 * The events that a decision records.
 *
 * @param decision the decision
 * @returns its events, oldest first
 */
export function listRecorded(decision: Decision): InstanceEvent[] {
  return decision.effects.flatMap((effect) => (effect.type === "record" ? [effect.event] : []));
}

/**
 * Makes random characters for ids.
 *
 * @returns lower-case letters and digits
 */
export function makeEntropy(): string {
  const random = crypto.getRandomValues(new Uint8Array(ENTROPY_LENGTH));
  return Array.from(random, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}
