import type { Judgement } from "@evenkeel/contracts/observation";

/** Share of its connections from which a server counts as saturated. */
const SATURATED_SHARE = 0.95;

/**
 * Judges how many of a server's connections are in use: it still answers us, but soon nobody else.
 *
 * @param used connections in use
 * @param limit connections that it allows
 * @returns degraded, or null while there is room
 */
export function judgeConnections(used: number, limit: number): Judgement | null {
  if (limit <= 0 || used < limit * SATURATED_SHARE) return null;
  return {
    verdict: "degraded",
    reason: "saturated",
    words: `${used} of ${limit} connections are in use`,
    advice: "raise the limit or find who holds connections",
  };
}
