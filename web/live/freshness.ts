/** What is known of the line to the control plane; times on a monotonic clock, in ms. */
export interface LineState {
  /** Whether a socket is open. */
  readonly socketOpen: boolean;
  /** When the control plane was last heard at all: a frame, a pong, an answer to a poll. */
  readonly heardAtMs: number | null;
  /** When it last sent a picture: a frame or an answer to a poll. */
  readonly picturedAtMs: number | null;
  /** Whether the last poll failed. */
  readonly pollFailed: boolean;
}

/** How far what is on the screen may be trusted. */
export type Freshness =
  /** Nothing was shown yet. */
  | { readonly kind: "waiting" }
  /** Changes arrive at once. */
  | { readonly kind: "live" }
  /** Changes arrive with the next poll. */
  | { readonly kind: "polling" }
  /** The line broke just now and the first poll is under way. */
  | { readonly kind: "checking" }
  /** What is shown is old. */
  | { readonly kind: "lost"; readonly ageMs: number };

/** A socket that brought nothing for so long, not even a pong, is dead. */
export const SILENCE_MAX_MS = 6_000;
/** Time that a picture without a line is given before it counts as old. */
export const GRACE_MS = 3_000;
/** A picture that nothing renewed for so long is old even if pongs arrive: the runtime answers those by itself. */
export const PICTURE_MAX_MS = 40_000;
/** A polled picture is old after so long. */
export const POLLED_MAX_MS = 7_000;

/**
 * Judges whether what is on the screen is the present state. In doubt it is not.
 *
 * @param line the line to the control plane
 * @param nowMs monotonic clock, ms
 */
export function computeFreshness(line: LineState, nowMs: number): Freshness {
  const { picturedAtMs, heardAtMs } = line;
  if (picturedAtMs === null || heardAtMs === null) return { kind: "waiting" };
  const heardMs = nowMs - heardAtMs;
  const picturedMs = nowMs - picturedAtMs;
  if (picturedMs > PICTURE_MAX_MS) return { kind: "lost", ageMs: picturedMs };
  if (line.socketOpen) {
    return heardMs <= SILENCE_MAX_MS ? { kind: "live" } : { kind: "lost", ageMs: heardMs };
  }
  if (line.pollFailed) return { kind: "lost", ageMs: heardMs };
  // While no socket is open only polls bring pictures, so the picture's own age counts.
  if (picturedMs <= POLLED_MAX_MS && picturedAtMs === heardAtMs) return { kind: "polling" };
  return heardMs <= GRACE_MS ? { kind: "checking" } : { kind: "lost", ageMs: heardMs };
}

/**
 * Whether a person may act on what is shown.
 *
 * @param freshness the judgement
 */
export function isTrusted(freshness: Freshness): boolean {
  return freshness.kind === "live" || freshness.kind === "polling";
}

/** First wait before a reconnect. */
const BACKOFF_FIRST_MS = 500;
/** Longest wait before a reconnect. */
export const BACKOFF_MAX_MS = 10_000;

/**
 * Computes the wait before a reconnect: doubling, with half of it random so that consoles do not come back as one.
 *
 * @param attempt how many attempts failed in a row, from 1
 * @param random a number from 0 to 1
 * @returns ms
 */
export function computeBackoff(attempt: number, random: number): number {
  const whole = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt - 1, 10));
  return whole / 2 + (whole / 2) * random;
}
