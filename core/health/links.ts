import type { PeerLink } from "@evenkeel/contracts/agent-protocol";
import type { SiteFacts } from "./site-rules.ts";

/**
 * Combines what several observers say of their links to one site. A single link that is up proves that the site lives;
 * every observer must have had a link and lost all of them before the site counts as cut.
 *
 * @param observers each observer's links to agents of the site
 */
export function combineLinks(observers: readonly (readonly PeerLink[])[]): SiteFacts["links"] {
  const states = observers.map((links) => {
    if (links.some((link) => link.state === "up")) return "up";
    return links.some((link) => link.state === "cut") ? "cut" : "unknown";
  });
  if (states.includes("up")) return "up";
  return states.length > 0 && states.every((state) => state === "cut") ? "cut" : "unknown";
}
