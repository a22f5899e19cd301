import type { Route } from "@evenkeel/contracts/route";

/** What a route that came in means to one that is followed already. */
export type Acceptance =
  /** Follow it. */
  | "follow"
  /** It is the route that is followed. */
  | "same"
  /** An old one: a lagging member, a restored store, a late snapshot. Ignored. */
  | "older"
  /** Another decision under the same epoch: somebody decided twice. The first one is kept, people must choose. */
  | "fork";

/**
 * Decides whether to follow a route [SAFE-1].
 *
 * A higher epoch is followed even if it does not name our decision as the one that it replaces: after a fork people
 * choose one branch under the next epoch, and whoever followed the other branch has to come along.
 *
 * @param current the route that is followed, if any
 * @param incoming the one that came in
 * @returns what to do
 */
export function acceptRoute(current: Route | null, incoming: Route): Acceptance {
  if (current === null || incoming.epoch > current.epoch) return "follow";
  if (incoming.epoch < current.epoch) return "older";
  return incoming.decision === current.decision ? "same" : "fork";
}
