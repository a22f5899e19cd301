import type { Vote } from "@evenkeel/contracts/live";
import type { AgentVote, DownBy } from "./vote.ts";

/** What the sites together say of a target. */
export interface TargetVerdict {
  /**
   * `up`: somebody hears it answer. `down`: nobody does and somebody calls it down. `failing`: on the way there.
   * `unknown`: nobody can tell.
   */
  readonly verdict: "up" | "failing" | "down" | "unknown";
  /** For `down`: whether the evidence is enough to act on [SAFE-3]. */
  readonly evidence: "enough" | "too-few-domains" | "own-site-unheard" | null;
  /** For enough evidence: refusals alone, or the monitor timeout. */
  readonly by: DownBy | null;
  /** Sites that call it down. */
  readonly downSites: readonly string[];
}

/** Failure domains that must call a target down before anything moves by itself. */
export const DOMAINS_NEEDED = 2;

/** Votes that excuse the target's own site from being among those that call it down. */
const EXCUSED: readonly Vote[] = ["blind", "ill", "silent"];

/**
 * Computes the verdict on one target from the sites' votes: `target-down` takes no up vote, and down from two domains,
 * the target's own site among them unless it is blind, ill or silent [SAFE-3].
 *
 * @param votes the sites' votes by site id
 * @param ownSite the site that the target stands in
 * @returns the verdict
 */
export function computeTargetVerdict(
  votes: Readonly<Record<string, AgentVote>>,
  ownSite: string,
): TargetVerdict {
  const downSites: string[] = [];
  let isHeard = false;
  let isFailing = false;
  let by: DownBy = "timeout";
  for (const site in votes) {
    const cast = votes[site];
    if (cast?.vote === "up") isHeard = true;
    if (cast?.vote === "failing") isFailing = true;
    if (cast?.vote !== "down") continue;
    downSites.push(site);
    if (cast.by !== "timeout") by = "refusal";
  }
  if (downSites.length > 1) downSites.sort();
  if (isHeard) return { verdict: "up", evidence: null, by: null, downSites };
  if (downSites.length === 0) {
    return { verdict: isFailing ? "failing" : "unknown", evidence: null, by: null, downSites };
  }
  const own = votes[ownSite]?.vote ?? "absent";
  const excused = EXCUSED.includes(own);
  // While a site is on its way to a verdict of its own, the evidence may still come together.
  if (isFailing && (downSites.length < DOMAINS_NEEDED || (own !== "down" && !excused))) {
    return { verdict: "failing", evidence: null, by: null, downSites };
  }
  if (own !== "down" && !EXCUSED.includes(own))
    return { verdict: "down", evidence: "own-site-unheard", by, downSites };
  const evidence = downSites.length >= DOMAINS_NEEDED ? "enough" : "too-few-domains";
  return { verdict: "down", evidence, by, downSites };
}
