import type { LiveAgent, LiveSite, LiveView } from "@evenkeel/contracts/live";
import { takeMembers } from "./batch.ts";

/** How the agents of one site are, and how it stands to the control plane. */
export interface SiteSummary extends LiveSite {
  readonly agents: readonly LiveAgent[];
  readonly connected: number;
  readonly ill: number;
  /** Monitors that are active there and can be switched. */
  readonly movable: number;
  /** `none`: no agent was ever enrolled there. */
  readonly health: "good" | "partly" | "lost" | "none";
}

/** What the head of the page says. */
export interface InstanceSummary {
  readonly sites: readonly SiteSummary[];
  readonly stores: LiveView["stores"];
  readonly storesReachable: number;
}

/**
 * Sums an instance up for the head of the page.
 *
 * @param view the picture
 */
export function summariseInstance(view: LiveView): InstanceSummary {
  return {
    sites: view.sites.map((site) => summariseSite(site, view)),
    stores: view.stores,
    storesReachable: view.stores.filter((store) => store.reachable).length,
  };
}

function summariseSite(site: LiveSite, view: LiveView): SiteSummary {
  const agents = view.agents.filter((agent) => agent.site === site.id);
  const connected = agents.filter((agent) => agent.connected).length;
  const ill = agents.filter((agent) => agent.connected && agent.illness !== null).length;
  const health =
    agents.length === 0
      ? "none"
      : connected === 0
        ? "lost"
        : connected < agents.length || ill > 0
          ? "partly"
          : "good";
  const movable = takeMembers(view, { siteId: site.id, applicationId: null }).length;
  return { ...site, agents, connected, ill, health, movable };
}

/**
 * The name of a site.
 *
 * @param sites the sites of the picture
 * @param id the site
 * @returns its name; its id if the picture does not have it
 */
export function nameSite(sites: LiveView["sites"], id: string): string {
  return sites.find((site) => site.id === id)?.name ?? id;
}
