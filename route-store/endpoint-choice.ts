/** First pause after which an endpoint that failed may be tried again, and the longest one, in ms. */
export const FIRST_AVOID_MS = 250;
export const LONGEST_AVOID_MS = 15_000;

/** Which endpoint to ask next. Pure: it is given the time. */
export interface EndpointChoice {
  /**
   * @param nowMs monotonic time
   * @param excluded indexes not to be chosen
   * @param mayTry true if this call may be the one that finds out whether an endpoint has recovered
   * @returns an index, or null when all are excluded
   */
  pick(nowMs: number, excluded: ReadonlySet<number>, mayTry: boolean): number | null;
  /** Notes an answer. @returns true if the endpoint had been failing */
  succeeded(index: number): boolean;
  /** Notes a failure. @returns true if the endpoint had been working */
  failed(index: number, nowMs: number): boolean;
}

interface Health {
  failures: number;
  avoidUntilMs: number;
}

/**
 * Prefers endpoints in their given order, moves away from one that fails and comes back with a back-off that doubles.
 *
 * An endpoint in its back-off is still chosen when nothing better is left: having no good endpoint is no reason not to
 * try. Calls that cannot afford to wait for a hung endpoint (`mayTry: false`) leave its trial to others.
 *
 * @param count number of endpoints
 * @returns the choice, all endpoints taken for healthy
 */
export function createEndpointChoice(count: number): EndpointChoice {
  const healths: Health[] = Array.from({ length: count }, () => ({ failures: 0, avoidUntilMs: 0 }));

  const rank = (health: Health, nowMs: number, mayTry: boolean): number => {
    if (health.failures === 0) return 0;
    if (nowMs < health.avoidUntilMs) return 2;
    return mayTry ? 0 : 1;
  };

  return {
    pick(nowMs, excluded, mayTry) {
      let best: { index: number; rank: number; health: Health } | null = null;
      for (const [index, health] of healths.entries()) {
        if (excluded.has(index)) continue;
        const candidate = { index, rank: rank(health, nowMs, mayTry), health };
        const better =
          best === null ||
          candidate.rank < best.rank ||
          (candidate.rank === best.rank &&
            candidate.rank === 2 &&
            candidate.health.avoidUntilMs < best.health.avoidUntilMs);
        if (better) best = candidate;
      }
      return best === null ? null : best.index;
    },
    succeeded(index) {
      const health = healths[index];
      if (health === undefined || health.failures === 0) return false;
      health.failures = 0;
      health.avoidUntilMs = 0;
      return true;
    },
    failed(index, nowMs) {
      const health = healths[index];
      if (health === undefined) return false;
      health.failures += 1;
      const exponent = Math.min(health.failures - 1, 10);
      health.avoidUntilMs = nowMs + Math.min(FIRST_AVOID_MS * 2 ** exponent, LONGEST_AVOID_MS);
      return health.failures === 1;
    },
  };
}
