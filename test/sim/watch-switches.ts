import { isDeepStrictEqual } from "node:util";
import type { Plan, PlannedMonitor } from "@evenkeel/contracts/plan";
import type { Route } from "@evenkeel/contracts/route";
import type { MonitorState, SettledCommand, SwitchRun } from "@evenkeel/core/arbitration/state";
import { siteOf, TIMING, targetOf } from "./installation.ts";
import type { Sight, Targets } from "./targets.ts";
import type { VirtualInstance } from "./virtual-instance.ts";
import type { Fail } from "./watch-routes.ts";

/**
 * An agent that has been sound and connected for so long before a question is heard, knows the plan and has probed:
 * what it sees counts; virtual milliseconds.
 */
const SETTLED_MS = 1600;
/** From the death of a target until every probe meets it: an interval, an access timeout, the question's own probe. */
const NOTICED_MS = 1000;
/** Clocks of agents run up to half a percent fast, and ages are rounded; virtual milliseconds. */
const AGE_SLACK_MS = 20;
/** Answers to a question come within this time, in virtual milliseconds. */
const ANSWERED_MS = 700;
/** A question that was asked so long ago says nothing about the present, in virtual milliseconds. */
const STALE_MS = 2500;

/** What the oracles know that nobody in the world does. */
export interface Truths {
  readonly now: () => number;
  readonly targets: Targets;
  readonly sites: readonly string[];
  /** Since when a site's agent is sound and connected to an object, in virtual ms; null: it is not. */
  readonly settledSinceMs: (site: string, instance: VirtualInstance) => number | null;
  /** Since when a site's agent reaches the agent of another site, in virtual ms; null: it does not. */
  readonly linkedSinceMs: (from: string, to: string) => number | null;
  /** Since when and until when a site's agent doubts itself for its late event loop, in virtual ms. */
  readonly illness: (site: string) => { readonly sinceMs: number; readonly untilMs: number };
}

/** Watches what moves routes: [SAFE-3, 4, 6, 7, 8, 9]. */
export interface SwitchWatch {
  onCommit(before: MonitorState | null, after: MonitorState, instance: VirtualInstance): void;
  onPlan(plan: Plan, instance: VirtualInstance): void;
  onRestore(instance: VirtualInstance): void;
  onReply(reply: SettledCommand): void;
  /** Automatic switches so far. */
  automatic(): number;
}

/** One automatic switch, for the budgets. */
interface Moved {
  readonly instance: VirtualInstance;
  readonly monitorId: string;
  readonly from: string;
}

/**
 * Makes the oracle of switches.
 *
 * @param truths what is true
 * @param fail where a broken rule is reported
 */
export function createSwitchWatch(truths: Truths, fail: Fail): SwitchWatch {
  const { targets, sites } = truths;
  let moved: Moved[] = [];
  let automatic = 0;
  /** By monitor and key: the decision that the command came to. */
  const decisions = new Map<string, string>();

  function hasFailedLong({ failingSinceMs, failed }: Sight, askedAtMs: number): boolean {
    const longMs = TIMING.monitorTimeoutMs - AGE_SLACK_MS;
    if (failingSinceMs !== null && truths.now() - failingSinceMs >= longMs) return true;
    // It answered after the question had been.
    return failed !== null && failed.untilMs >= askedAtMs && failed.untilMs - failed.sinceMs >= longMs;
  }

  /** Nobody who has been there since before the question may have heard the target answer all the time [SAFE-2, 3, 4]. */
  function judgeVeto(before: MonitorState, askedAtMs: number, words: string, self: VirtualInstance): void {
    const target = targetOf(before.id, before.route.active);
    for (const site of sites) {
      const since = truths.settledSinceMs(site, self);
      if (since === null || askedAtMs - since < SETTLED_MS) continue;
      const aliveSinceMs = targets.sight(site, target)?.aliveSinceMs ?? null;
      if (aliveSinceMs !== null && aliveSinceMs < askedAtMs)
        fail("SAFE-3", `${site} was connected and has heard ${target} since ${aliveSinceMs} ms: ${words}`);
    }
  }

  /** Two domains must have found it failing for the monitor timeout, and have seen it up before [SAFE-2, 3, 9]. */
  function judgeEvidence(before: MonitorState, version: number, askedAtMs: number, words: string): void {
    const target = targetOf(before.id, before.route.active);
    const domains = sites.filter((site) => {
      const sight = targets.sight(site, target, askedAtMs);
      const ill = truths.illness(site);
      const isIll = ill.sinceMs <= askedAtMs && ill.untilMs >= askedAtMs + ANSWERED_MS;
      return sight?.version === version && sight.sawUp && !isIll && hasFailedLong(sight, askedAtMs);
    });
    if (domains.length < 2)
      fail("SAFE-3", `only ${domains.join() || "nobody"} had found ${target} down for long enough: ${words}`);
    const own = siteOf(before.route.active);
    const ownSight = targets.sight(own, target, askedAtMs);
    const wasUp = ownSight?.version === version && ownSight.sawUp;
    if (before.proven[before.route.active] !== version && !wasUp)
      fail("SAFE-9", `nobody in ${own} ever saw version ${version} of ${target} up: ${words}`);
  }

  /** A site that is called lost is heard by nobody: not by the control plane, not by other sites [SAFE-3]. */
  function judgeSiteLoss(
    before: MonitorState,
    askedAtMs: number,
    words: string,
    self: VirtualInstance,
  ): void {
    const lost = siteOf(before.route.active);
    const isLong = (sinceMs: number | null) => sinceMs !== null && askedAtMs - sinceMs >= SETTLED_MS;
    if (isLong(truths.settledSinceMs(lost, self)))
      fail("SAFE-3", `${lost} is called lost, and its agent is connected: ${words}`);
    for (const site of sites) {
      if (site === lost || !isLong(truths.settledSinceMs(site, self))) continue;
      if (isLong(truths.linkedSinceMs(site, lost)))
        fail("SAFE-3", `${lost} is called lost, and its agent answers that of ${site}: ${words}`);
    }
  }

  /** The candidate's own site found it up lately [SAFE-8]. */
  function judgeCandidate(after: MonitorState, askedAtMs: number, words: string): void {
    const { active } = after.route;
    const target = targetOf(after.id, active);
    const dead = targets.unfitSinceMs(target);
    if (dead !== null && askedAtMs - dead > NOTICED_MS)
      fail("SAFE-8", `${target} had been unfit for ${truths.now() - dead} ms: ${words}`);
    const sight = targets.sight(siteOf(active), target, askedAtMs);
    if (sight === null) fail("SAFE-8", `nobody in its own site had probed ${target}: ${words}`);
    else if (sight.unfitSinceMs !== null && sight.unfitSinceMs < askedAtMs)
      fail("SAFE-8", `its own site had found ${target} unfit since ${sight.unfitSinceMs} ms: ${words}`);
  }

  function judgeBudgets(planned: PlannedMonitor, self: VirtualInstance, words: string): void {
    const plan = self.plan();
    if (plan === null) return;
    const mine = moved.filter((one) => one.instance === self);
    const { budgetPerMonitorDay, budgetPerSiteMinute, budgetPerInstanceDay } = plan.settings;
    if (mine.filter((one) => one.monitorId === planned.id).length > budgetPerMonitorDay)
      fail("SAFE-6", `the monitor's budget of ${budgetPerMonitorDay} was spent: ${words}`);
    const here = mine.filter((one) => one.from === planned.home).length;
    if (here <= budgetPerSiteMinute && mine.length <= budgetPerInstanceDay) return;
    const isHome = ({ id, home }: PlannedMonitor) => id === planned.id || self.row(id)?.route.active === home;
    const homed = plan.monitors.filter((one) => one.home === planned.home && isHome(one));
    const failing = homed.filter((one) =>
      sites.some((site) => targets.sight(site, targetOf(one.id, one.home))?.failingSinceMs != null),
    );
    if (failing.length * 2 <= homed.length)
      fail("SAFE-6", `beyond the budgets, with ${failing.length} of ${homed.length} failing: ${words}`);
  }

  function judgeAutomatic(before: MonitorState, after: MonitorState, self: VirtualInstance): void {
    automatic += 1;
    const from = before.route.active;
    const words = `${before.id} ${from} → ${after.route.active}, epoch ${after.route.epoch}: ${after.route.reason}`;
    const planned = self.plan()?.monitors.find((one) => one.id === after.id);
    const active = planned?.dataCentres.find((one) => one.name === from);
    if (planned === undefined || active === undefined) {
      fail("SAFE-9", `a monitor or data centre that is not planned was switched: ${words}`);
      return;
    }
    moved.push({ instance: self, monitorId: after.id, from });
    if (!before.armed) fail("SAFE-6", `switched while disarmed: ${words}`);
    if (after.armed) fail("SAFE-6", `still armed after an automatic switch: ${words}`);
    if (from !== planned.home) fail("SAFE-6", `switched automatically, but not from home: ${words}`);
    if (self.plan()?.settings.mode !== "act") fail("SAFE-12", `the instance does not act: ${words}`);
    if (before.fork !== null) fail("SAFE-1", `switched in spite of a suspected split brain: ${words}`);
    if (active.config.typo === true) fail("SAFE-9", `a typo in the plan failed over: ${words}`);
    if (after.route.dataCentres[from]?.readable !== false)
      fail("SAFE-6", `the side that was left is still readable: ${words}`);
    judgeBudgets(planned, self, words);
    const askedAtMs = before.asking === null ? null : self.askedAtMs(before.asking.nonce);
    if (askedAtMs === null) {
      fail("SAFE-4", `switched without a question: ${words}`);
      return;
    }
    if (truths.now() - askedAtMs > STALE_MS)
      fail("SAFE-4", `decided on answers to a question of ${truths.now() - askedAtMs} ms ago: ${words}`);
    judgeVeto(before, askedAtMs, words, self);
    if (before.asking?.about === "target") judgeEvidence(before, active.targetVersion, askedAtMs, words);
    else judgeSiteLoss(before, askedAtMs, words, self);
    judgeCandidate(after, askedAtMs, words);
  }

  return {
    automatic: () => automatic,
    onCommit(before, after, self) {
      if (before === null || before.route.decision === after.route.decision) return;
      const { run } = after;
      if (run === null || run.decision !== after.route.decision) return;
      const isReplacement = before.run?.kind === "automatic" && run.kind === "automatic";
      const isAnnounced = before.run?.kind === "announce" && isSameOrder(before.run, run);
      const mayFollow = before.run?.position.step === "precheck" || isReplacement || isAnnounced;
      if (before.run !== null && !mayFollow)
        fail("SAFE-7", `${run.kind} ${run.to} began while ${before.run.kind} ${before.run.to} was under way`);
      if (run.kind === "announce" && movesSomething(before.route, after.route))
        fail("SAFE-7", `an announcement moved ${before.id}`);
      if (!after.route.decidedBy.startsWith("ARB-") || isReplacement) return;
      judgeAutomatic(before, after, self);
    },
    onPlan(plan, self) {
      for (const before of self.plan()?.monitors ?? []) {
        if ((self.row(before.id)?.run ?? null) === null) continue;
        const next = plan.monitors.find((one) => one.id === before.id);
        const names = (one: PlannedMonitor | undefined) => one?.dataCentres.map((dc) => dc.name).join();
        if (next?.home !== before.home || names(next) !== names(before))
          fail("SAFE-9", `plan ${plan.version} changed ${before.id} in the middle of its switch`);
      }
    },
    onRestore(self) {
      moved = moved.filter((one) => one.instance !== self);
    },
    onReply({ monitorId, idempotencyKey, reply }) {
      if (!reply.ok || (reply.result.status !== "done" && reply.result.status !== "running")) return;
      const key = `${monitorId} ${idempotencyKey}`;
      const before = decisions.get(key) ?? reply.result.decision;
      decisions.set(key, before);
      if (before !== reply.result.decision)
        fail(
          "SAFE-7",
          `the key ${idempotencyKey} moved ${monitorId} twice: ${before}, ${reply.result.decision}`,
        );
    },
  };
}

/** Whether a switch is the one that was announced. */
function isSameOrder(announced: SwitchRun, run: SwitchRun): boolean {
  const { to, idempotencyKey } = announced;
  return run.kind === "operator" && run.to === to && run.idempotencyKey === idempotencyKey;
}

function movesSomething(before: Route, after: Route): boolean {
  return before.active !== after.active || !isDeepStrictEqual(before.dataCentres, after.dataCentres);
}
