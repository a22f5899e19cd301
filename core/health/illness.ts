import type { Illness } from "@evenkeel/contracts/agent-protocol";

/** An event loop that was late by more than this makes its own verdicts doubtful, in milliseconds. */
export const LATE_LOOP_MS = 250;
/** An agent doubts itself for so long after its event loop was late, in milliseconds. */
export const DOUBT_MS = 1000;

/** What an agent sees of one target, reduced to what matters here. */
export interface SightOfTarget {
  readonly site: string;
  readonly failing: boolean;
  /** Targets that were never seen up say nothing about the observer. */
  readonly sawUp: boolean;
}

/**
 * Computes whether an observer has reason to doubt its own eyes [SAFE-2].
 *
 * @param loopLateMs how late the event loop was at worst within the last DOUBT_MS
 * @param targets what it sees
 * @returns the illness, or null for a sound observer
 */
export function computeIllness(loopLateMs: number, targets: readonly SightOfTarget[]): Illness {
  if (loopLateMs > LATE_LOOP_MS) {
    return {
      cause: "late-event-loop",
      words: `the agent's event loop was ${Math.round(loopLateMs)} ms late`,
    };
  }
  const sites = new Map<string, { all: number; failing: number }>();
  for (const target of targets) {
    if (!target.sawUp) continue;
    const tally = sites.get(target.site) ?? { all: 0, failing: 0 };
    sites.set(target.site, { all: tally.all + 1, failing: tally.failing + (target.failing ? 1 : 0) });
  }
  const failingSites = [...sites.values()].filter((tally) => tally.failing * 2 > tally.all).length;
  // One failing site is what the product is for; most of several at once points at the observer's own link.
  const most = failingSites >= 2 && failingSites * 2 > sites.size;
  return most
    ? {
        cause: "most-sites-fail",
        words: `most targets fail in ${failingSites} of ${sites.size} sites at once`,
      }
    : null;
}
