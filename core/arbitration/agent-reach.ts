import type { PeerLink, StoreHealth } from "@evenkeel/contracts/agent-protocol";
import { because } from "@evenkeel/contracts/sentences";
import { nameStore } from "./find-planned.ts";
import { recordEvent } from "./record-event.ts";
import type { AgentState } from "./state.ts";
import type { Work } from "./work.ts";

/**
 * Tells whether an agent reaches other stores than before.
 *
 * @param before what it reported last
 * @param after what it reports now
 */
export function storesDiffer(before: readonly StoreHealth[], after: readonly StoreHealth[]): boolean {
  return differ(before, after, (a, b) => a.store === b.store && a.reachable === b.reachable);
}

/**
 * Tells whether an agent reaches other peers than before.
 *
 * @param before what it reported last
 * @param after what it reports now
 */
export function linksDiffer(before: readonly PeerLink[], after: readonly PeerLink[]): boolean {
  return differ(before, after, (a, b) => a.agentId === b.agentId && a.state === b.state);
}

function differ<Item>(
  before: readonly Item[],
  after: readonly Item[],
  isSame: (a: Item, b: Item) => boolean,
) {
  if (before.length !== after.length) return true;
  return before.some((item, place) => {
    const other = after[place];
    return other === undefined || !isSame(item, other);
  });
}

/**
 * Records that an agent lost or regained a store.
 *
 * @param work the work
 * @param agent the agent as it was
 * @param stores what it reports now
 */
export function noteStores(work: Work, agent: AgentState, stores: readonly StoreHealth[]): void {
  for (const store of stores) {
    const before = agent.stores.find((known) => known.store === store.store);
    if (before?.reachable === store.reachable || (before === undefined && store.reachable)) continue;
    const type = store.reachable ? "store-reachable" : "store-unreachable";
    const params = { agent: agent.name, store: nameStore(work.instance, store.store), words: store.words };
    recordEvent(work, { type, level: store.reachable ? "info" : "major", because: because(type, params) });
  }
}
