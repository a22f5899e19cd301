import type { PeerLink } from "@evenkeel/contracts/agent-protocol";

/** Without an answer of a peer for so long its link counts as cut, in milliseconds. */
export const CUT_AFTER_MS = 3000;

/** What is remembered of a link; times are on the agent's monotonic clock, in milliseconds. */
export interface LinkMemory {
  readonly state: PeerLink["state"];
  readonly sinceMs: number;
  /** When the last answer came, moved on by what this process itself slept; null: none that still counts. */
  readonly answeredAtMs: number | null;
  readonly roundTripMs: number | null;
}

/** A link of which nothing is known yet. */
export function beginLink(nowMs: number): LinkMemory {
  return { state: "unknown", sinceMs: nowMs, answeredAtMs: null, roundTripMs: null };
}

/**
 * Takes an answer in that proved to come from the peer.
 *
 * @param link what was known
 * @param nowMs when it came
 * @param roundTripMs how long after the ping
 */
export function noteAnswer(link: LinkMemory, nowMs: number, roundTripMs: number): LinkMemory {
  return { ...enter(link, "up", nowMs), answeredAtMs: nowMs, roundTripMs };
}

/**
 * Takes in that somebody lives at the peer's address who could not prove to be the peer, or would not talk to us. The
 * machine answers, so the cable is not cut; neither is the peer known to be there [SAFE-5]. Anybody on the way can forge
 * this, and gains nothing by it: a link that is not known can only keep a site from being switched away from.
 *
 * @param link what was known
 * @param nowMs when that was
 */
export function noteRefusal(link: LinkMemory, nowMs: number): LinkMemory {
  return { ...enter(link, "unknown", nowMs), answeredAtMs: null };
}

/**
 * Takes the passing of time in.
 *
 * @param link what was known
 * @param nowMs the time
 * @param sleptMs how long this process did not run since the last call: a silence that nobody listened to proves nothing
 */
export function passTime(link: LinkMemory, nowMs: number, sleptMs: number): LinkMemory {
  if (link.answeredAtMs === null) return link;
  const moved = { ...link, answeredAtMs: Math.min(nowMs, link.answeredAtMs + sleptMs) };
  return nowMs - moved.answeredAtMs >= CUT_AFTER_MS ? enter(moved, "cut", nowMs) : moved;
}

/**
 * Renders a link for the control plane.
 *
 * @param peer whose link it is
 * @param link what is known
 * @param nowMs the time
 */
export function renderLink(
  peer: { readonly agentId: string; readonly site: string },
  link: LinkMemory,
  nowMs: number,
): PeerLink {
  return {
    agentId: peer.agentId,
    site: peer.site,
    state: link.state,
    ageMs: Math.max(0, Math.round(nowMs - link.sinceMs)),
    roundTripMs: link.roundTripMs === null ? null : roundToMicroseconds(link.roundTripMs),
  };
}

function roundToMicroseconds(ms: number): number {
  return Math.max(0, Math.round(ms * 1000) / 1000);
}

function enter(link: LinkMemory, state: PeerLink["state"], nowMs: number): LinkMemory {
  return link.state === state ? link : { ...link, state, sinceMs: nowMs };
}
