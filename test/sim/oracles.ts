import { Route } from "@evenkeel/contracts/route";
import type { MonitorState } from "@evenkeel/core/arbitration/state";
import type { RouteFollower } from "../../sdk/route/route-follower.ts";

/**
 * Longest time from a change of the truth to its being known to the control plane by a sound, connected agent: a retry
 * interval, an access timeout, the question and the network; virtual milliseconds.
 */
const SEEING_MS = 1500;

/** What the oracles know that nobody in the world does. */
export interface Truths {
  readonly now: () => number;
  readonly isAnswered: (site: string, dataCentre: string) => boolean;
  readonly mayBeFit: (dataCentre: string) => boolean;
  readonly isMistyped: (dataCentre: string) => boolean;
  /** Agents with an open, working connection, and since when they are sound and connected. */
  readonly witnesses: () => readonly { readonly site: string; readonly soundSinceMs: number }[];
  readonly sites: readonly string[];
  readonly dataCentres: readonly string[];
}

/** Watches every step of a history. */
export interface Oracles {
  readonly onWrite: (store: string, key: string, value: string, by: "agent" | "other") => void;
  readonly onStoreRestored: (store: string) => void;
  readonly onCommit: (before: MonitorState | null, after: MonitorState) => void;
  readonly onInstanceRestored: () => void;
  watchFollower(follower: RouteFollower): void;
  /** Notes since when what is true. */
  readonly look: () => void;
  /** An oracle of the whole history failed. */
  fail(rule: string, words: string): void;
  readonly violations: string[];
  /** Automatic switches so far. */
  automatic(): number;
  changes(): number;
}

const RUN_OVER = "precheck";

/**
 * Makes the oracles of one history.
 *
 * @param truths what is true
 */
export function createOracles(truths: Truths): Oracles {
  const violations: string[] = [];
  /** Routes that were committed, or written by a person beside the product, by their JSON. */
  const allowed = new Set<string>();
  const epochs = new Map<string, number>();
  const answeredSince = new Map<string, number>();
  const downSince = new Map<string, number>();
  let automatic = 0;
  let changes = 0;
  const fail = (rule: string, words: string) => {
    if (violations.length < 20) violations.push(`${rule} at ${Math.round(truths.now())} ms: ${words}`);
  };

  function look(): void {
    const now = truths.now();
    for (const dc of truths.dataCentres) {
      if (truths.mayBeFit(dc)) downSince.delete(dc);
      else if (!downSince.has(dc)) downSince.set(dc, now);
      for (const site of truths.sites) {
        const key = `${site}>${dc}`;
        if (!truths.isAnswered(site, dc)) answeredSince.delete(key);
        else if (!answeredSince.has(key)) answeredSince.set(key, now);
      }
    }
  }

  function judgeAutomatic(before: MonitorState, after: MonitorState): void {
    automatic += 1;
    const now = truths.now();
    const from = before.route.active;
    const words = `${from} → ${after.route.active}, epoch ${after.route.epoch}: ${after.route.reason}`;
    if (before.asking === null) fail("SAFE-4", `switched without a question: ${words}`);
    if (!before.armed) fail("SAFE-6", `switched while disarmed: ${words}`);
    if (after.armed) fail("SAFE-6", `still armed after an automatic switch: ${words}`);
    if (from !== "dc1") fail("SAFE-6", `switched automatically, but not from home: ${words}`);
    if (truths.isMistyped(from)) fail("SAFE-9", `a typo in the plan failed over: ${words}`);
    for (const witness of truths.witnesses()) {
      const since = answeredSince.get(`${witness.site}>${from}`);
      if (since === undefined || now - Math.max(since, witness.soundSinceMs) <= SEEING_MS) continue;
      fail("SAFE-3", `${witness.site} was connected and ${from} answered it for ${now - since} ms: ${words}`);
    }
    const dead = downSince.get(after.route.active);
    if (dead !== undefined && now - dead > SEEING_MS)
      fail("SAFE-8", `the candidate had been unfit for ${now - dead} ms: ${words}`);
  }

  return {
    violations,
    fail,
    look,
    automatic: () => automatic,
    changes: () => changes,
    onWrite(store, key, value, by) {
      if (!key.includes("/route/")) return;
      const route = Route.parse(JSON.parse(value));
      if (by === "other") allowed.add(value);
      if (!allowed.has(value))
        fail("SAFE-7", `${store} got epoch ${route.epoch} (${route.decision}), which was never committed`);
      const name = `${store} ${key}`;
      const last = epochs.get(name) ?? 0;
      if (route.epoch <= last) fail("SAFE-1", `${store} went from epoch ${last} to ${route.epoch}`);
      epochs.set(name, route.epoch);
    },
    onStoreRestored(store) {
      for (const name of epochs.keys()) if (name.startsWith(`${store} `)) epochs.delete(name);
    },
    onInstanceRestored: () => undefined,
    onCommit(before, after) {
      allowed.add(JSON.stringify(after.route));
      if (before === null || before.route.decision === after.route.decision) return;
      changes += 1;
      const isOurs = after.run?.decision === after.route.decision;
      // A route that no store took yet gives way to the one that won the race, under the same epoch.
      if (after.route.epoch < before.route.epoch + (isOurs ? 1 : 0))
        fail("SAFE-1", `the route went from epoch ${before.route.epoch} to ${after.route.epoch}`);
      if (!isOurs) return;
      if (after.route.after !== before.route.decision)
        fail("SAFE-1", `epoch ${after.route.epoch} does not descend from ${before.route.decision}`);
      const isRunning = before.run !== null && before.run.position.step !== RUN_OVER;
      const isReplacement = after.run !== null && before.run?.kind === after.run.kind;
      if (isRunning && !isReplacement) fail("SAFE-7", "a switch began while another was under way");
      if (!after.route.decidedBy.startsWith("ARB-") || isReplacement) return;
      if (after.route.active !== before.route.active) judgeAutomatic(before, after);
      if (after.route.dataCentres[before.route.active]?.readable !== false)
        fail("SAFE-6", "the side that was left automatically is still readable");
    },
    watchFollower(follower) {
      let last = 0;
      follower.subscribe({
        onRoute(_monitor, route) {
          if (route.epoch <= last) fail("SAFE-1", `an SDK went from epoch ${last} to ${route.epoch}`);
          last = route.epoch;
        },
        onConnected: () => undefined,
        onFork: () => undefined,
        onProblem: (message) => fail("SDK", message),
      });
    },
  };
}
