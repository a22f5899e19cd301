import { siteOfTarget, TIMING } from "./installation.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/**
 * The truth about one target, which nobody in the world knows. `rotated`: kept sessions live on, new ones are refused,
 * because the password was changed.
 */
export type Truth = "up" | "dead" | "hanging" | "grey" | "denying" | "rotated" | "degraded";

/** What a probe of a target meets. */
export type Answer = "up" | "refused" | "silent" | "denied" | "degraded";

/** What the probes from one site met of one version of a target, in virtual milliseconds. */
export interface Sight {
  readonly version: number;
  /** Since when every probe has been answered, whatever the answer; null: the last one was not. */
  aliveSinceMs: number | null;
  /** When the first of the failing probes in a row began; null: the last one was answered. */
  failingSinceMs: number | null;
  /** The run of failing probes before, and when an answer ended it. */
  failed: { readonly sinceMs: number; readonly untilMs: number } | null;
  /** Since when no probe has found it fit for work; null: the last one has. */
  unfitSinceMs: number | null;
  sawUp: boolean;
}

/** All targets. */
export interface Targets {
  truth(target: string): Truth;
  become(target: string, truth: Truth): void;
  /** Since when a target can surely not take over; null: it may. */
  unfitSinceMs(target: string): number | null;
  probe(site: string, config: Record<string, unknown>, isNew: boolean): Answer;
  /**
   * What a site's prober knows of a target.
   *
   * @param sinceMs one that was restarted later than this still counts with what it knew
   */
  sight(site: string, target: string, sinceMs?: number): Sight | null;
  /** A site's prober was restarted and knows nothing. */
  forget(site: string): void;
}

/** Truths under which nobody can say whether the next probe finds it fit. */
const MAYBE_FIT: readonly Truth[] = ["up", "grey", "rotated"];

const ANSWERS: Readonly<Record<Exclude<Truth, "grey" | "rotated">, Answer>> = {
  up: "up",
  dead: "refused",
  hanging: "silent",
  denying: "denied",
  degraded: "degraded",
};

/**
 * Makes targets that all work.
 *
 * @param timeline virtual time
 * @param random decides what grey targets answer
 * @param reaches whether a packet gets from one site to another
 */
export function createTargets(
  timeline: Timeline,
  random: Random,
  reaches: (from: string, to: string) => boolean,
): Targets {
  const truths = new Map<string, Truth>();
  const unfit = new Map<string, number>();
  const sights = new Map<string, Map<string, Sight>>();
  const former = new Map<string, { readonly untilMs: number; readonly sights: Map<string, Sight> }>();
  const truth = (target: string) => truths.get(target) ?? "up";

  function meet(site: string, target: string, isNew: boolean): Answer {
    if (!reaches(site, siteOfTarget(target))) return "silent";
    const state = truth(target);
    if (state === "grey") return random.chance(0.5) ? "up" : "silent";
    if (state === "rotated") return isNew ? "denied" : "up";
    return ANSWERS[state];
  }

  function note(site: string, target: string, version: number, answer: Answer): void {
    const seen = sights.get(site) ?? new Map<string, Sight>();
    sights.set(site, seen);
    let sight = seen.get(target);
    if (sight?.version !== version) {
      sight = {
        version,
        aliveSinceMs: null,
        failingSinceMs: null,
        failed: null,
        unfitSinceMs: null,
        sawUp: false,
      };
      seen.set(target, sight);
    }
    const now = timeline.now();
    const isAlive = answer !== "refused" && answer !== "silent";
    sight.aliveSinceMs = isAlive ? (sight.aliveSinceMs ?? now + 1) : null;
    if (isAlive && sight.failingSinceMs !== null)
      sight.failed = { sinceMs: sight.failingSinceMs, untilMs: now };
    sight.failingSinceMs = isAlive ? null : (sight.failingSinceMs ?? now);
    const endsAtMs = now + (answer === "silent" ? TIMING.accessTimeoutMs : 1);
    sight.unfitSinceMs = answer === "up" ? null : (sight.unfitSinceMs ?? endsAtMs);
    sight.sawUp ||= answer === "up" || answer === "degraded";
  }

  return {
    truth,
    become(target, next) {
      truths.set(target, next);
      if (MAYBE_FIT.includes(next)) unfit.delete(target);
      else if (!unfit.has(target)) unfit.set(target, timeline.now());
    },
    unfitSinceMs: (target) => unfit.get(target) ?? null,
    probe(site, config, isNew) {
      const target = String(config.target);
      const answer = config.typo === true ? "refused" : meet(site, target, isNew);
      note(site, target, Number(config.version), answer);
      return answer;
    },
    sight(site, target, sinceMs = Number.POSITIVE_INFINITY) {
      const mine = former.get(site);
      const known = mine !== undefined && mine.untilMs >= sinceMs ? mine.sights : sights.get(site);
      return known?.get(target) ?? null;
    },
    forget(site) {
      former.set(site, { untilMs: timeline.now(), sights: sights.get(site) ?? new Map() });
      sights.delete(site);
    },
  };
}
