/** A candidate is logged in to anew so often, because a kept session hides rotated passwords [SAFE-8]; milliseconds. */
export const FRESH_LOGIN_MS = 60_000;

/** When a target's first probe and its first login anew are due after its start, in milliseconds. */
export interface Turn {
  readonly probeAfterMs: number;
  readonly loginAfterMs: number;
}

/** The turn of a target that begins by itself. */
export const AT_ONCE: Turn = { probeAfterMs: 0, loginAfterMs: FRESH_LOGIN_MS };
/** So few targets that start together are no burden together. */
const FEW_TARGETS = 20;
/** The last of many targets that start together has its first probe after so long at most, in milliseconds. */
const SPREAD_MAX_MS = 3_000;

/**
 * Spreads targets that start together over their interval, because a thousand that hang would else be given up and
 * connected anew in the same moment, each time, and everybody else's probes would wait for that.
 *
 * @param position of the target among them, from 0
 * @param count how many they are
 * @param retryIntervalMs the target's interval, in milliseconds
 */
export function spreadTurn(position: number, count: number, retryIntervalMs: number): Turn {
  if (count <= FEW_TARGETS) return AT_ONCE;
  return {
    probeAfterMs: (position / count) * Math.min(retryIntervalMs, SPREAD_MAX_MS),
    loginAfterMs: ((position + 1) / count) * FRESH_LOGIN_MS,
  };
}
