import type { Judgement } from "@evenkeel/contracts/observation";

/** Share of its connections from which a server counts as saturated. */
const SATURATED_SHARE = 0.95;

/**
 * Judges how many of a server's connections are in use: it still answers us, but soon nobody else.
 *
 * @param used connections in use; NaN: not known
 * @param allowed connections that it allows; NaN: not known
 * @returns degraded; null while there is room, or where it is not known
 */
export function judgeConnections(used: number, allowed: number): Judgement | null {
  if (!(allowed > 0 && used >= allowed * SATURATED_SHARE)) return null;
  return {
    verdict: "degraded",
    reason: "saturated",
    words: `${used} of ${allowed} connections are in use`,
    advice: "raise the limit, or find who holds connections",
  };
}
