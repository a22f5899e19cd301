import type { Route } from "@evenkeel/contracts/route";
import type { MonitorState } from "@evenkeel/core/arbitration/state";
import type { RouteFollower } from "../../sdk/route/route-follower.ts";

/** Where the oracles report. */
export type Fail = (rule: string, words: string) => void;

/** Watches what becomes of routes: [SAFE-1] and the half of [SAFE-7] that says "stored before the act". */
export interface RouteWatch {
  onWrite(store: string, key: string, value: string, by: "agent" | "other"): void;
  onStoreRestored(store: string): void;
  onCommit(before: MonitorState | null, after: MonitorState): void;
  watchFollower(site: string, follower: RouteFollower): void;
  /** Changes of routes so far. */
  changes(): number;
}

/**
 * Makes the oracle of routes.
 *
 * @param fail where a broken rule is reported
 * @param note takes what is seen into the trace
 */
export function createRouteWatch(fail: Fail, note: (words: string) => void): RouteWatch {
  /** Routes that were committed, or written by a person beside the product, by their JSON. */
  const allowed = new Set<string>();
  const last = new Map<string, { readonly epoch: number; readonly store: string }>();
  let changes = 0;

  function judgeDescent(before: MonitorState, after: MonitorState): void {
    const isOurs = after.run !== null && after.run.decision === after.route.decision;
    // A route that no store took yet gives way to the one that won the race, under the same epoch.
    if (after.route.epoch < before.route.epoch + (isOurs ? 1 : 0))
      fail("SAFE-1", `the route went from epoch ${before.route.epoch} to ${after.route.epoch}`);
    if (isOurs && after.route.after !== before.route.decision)
      fail("SAFE-1", `epoch ${after.route.epoch} does not descend from ${before.route.decision}`);
    if (isOurs && !after.ancestors.includes(before.route.decision))
      fail("SAFE-1", `epoch ${after.route.epoch} forgot that it comes after ${before.route.decision}`);
  }

  return {
    changes: () => changes,
    onWrite(store, key, value, by) {
      if (!key.includes("/route/")) return;
      // What an agent or a person writes here was rendered from a route, and this is called with every write.
      const route: Route = JSON.parse(value);
      if (by === "other") allowed.add(value);
      if (!allowed.has(value))
        fail("SAFE-7", `${store} got epoch ${route.epoch} (${route.decision}), which was never committed`);
      const name = `${store} ${key}`;
      const before = last.get(name)?.epoch ?? 0;
      if (route.epoch <= before) fail("SAFE-1", `${store} went from epoch ${before} to ${route.epoch}`);
      last.set(name, { epoch: route.epoch, store });
      note(`${store} holds ${key.slice(key.lastIndexOf("/") + 1)} → ${route.active}, epoch ${route.epoch}`);
    },
    onStoreRestored(store) {
      for (const [name, entry] of last) if (entry.store === store) last.delete(name);
    },
    onCommit(before, after) {
      // Rows are never changed in place: the same route has the same text.
      if (before?.route !== after.route) allowed.add(JSON.stringify(after.route));
      if (before === null || before.route.decision === after.route.decision) return;
      changes += 1;
      judgeDescent(before, after);
    },
    watchFollower(site, follower) {
      const epochs = new Map<string, number>();
      follower.subscribe({
        onRoute(monitor, route) {
          const before = epochs.get(monitor) ?? 0;
          if (route.epoch <= before)
            fail("SAFE-1", `the SDK in ${site} went from epoch ${before} to ${route.epoch} of ${monitor}`);
          epochs.set(monitor, route.epoch);
          note(`the SDK in ${site} follows ${monitor} → ${route.active}, epoch ${route.epoch}`);
        },
        onConnected: () => undefined,
        onFork: () => undefined,
        onProblem: (message) => fail("SDK", message),
      });
    },
  };
}
