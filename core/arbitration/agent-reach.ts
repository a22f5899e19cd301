import type { PeerLink, StoreHealth } from "@evenkeel/contracts/agent-protocol";
import { because } from "@evenkeel/contracts/sentences";
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
  const key = (stores: readonly StoreHealth[]) =>
    stores.map((store) => `${store.store}:${store.reachable}`).join();
  return key(before) !== key(after);
}

/**
 * Tells whether an agent reaches other peers than before.
 *
 * @param before what it reported last
 * @param after what it reports now
 */
export function linksDiffer(before: readonly PeerLink[], after: readonly PeerLink[]): boolean {
  const key = (links: readonly PeerLink[]) => links.map((link) => `${link.agentId}:${link.state}`).join();
  return key(before) !== key(after);
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
    const params = { agent: agent.name, store: store.store, words: store.words };
    recordEvent(work, { type, level: store.reachable ? "info" : "major", because: because(type, params) });
  }
}
