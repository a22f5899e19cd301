import { siteOfStore } from "./installation.ts";
import type { Timeline } from "./timeline.ts";
import type { Way } from "./virtual-socket.ts";

/** Both ways between a site and the control plane. */
export interface EdgeWays {
  readonly up: Way;
  readonly down: Way;
}

/** What reaches what. */
export interface Network {
  /** Sets the ways between a site and the control plane. */
  edge(site: string, up: Way, down: Way): void;
  ways(site: string): EdgeWays;
  /** Since when both ways have been open, in virtual ms; null: they are not. */
  openSinceMs(site: string): number | null;
  /** Cuts the way from one place to another: sites and store ids. */
  cut(from: string, to: string, isCut: boolean): void;
  /** Whether a question gets from one site to another and the answer back. */
  reaches(from: string, to: string): boolean;
  /** Since when a question has got from one site to another and back, in virtual ms; null: it does not. */
  reachedSinceMs(from: string, to: string): number | null;
  reachesStore(site: string, store: string): boolean;
}

const OPEN: EdgeWays = { up: "open", down: "open" };

/**
 * Makes a network in which everything reaches everything.
 *
 * @param timeline virtual time
 * @param onChange called when a way to the control plane changed
 */
export function createNetwork(timeline: Timeline, onChange: () => void): Network {
  const ways = new Map<string, EdgeWays>();
  const openSince = new Map<string, number>();
  const cuts = new Set<string>();
  const changed = new Map<string, number>();
  const isCut = (from: string, to: string) => cuts.has(`${from}>${to}`);
  const reaches = (from: string, to: string) =>
    cuts.size === 0 || from === to || !(isCut(from, to) || isCut(to, from));
  return {
    edge(site, up, down) {
      ways.set(site, { up, down });
      openSince.set(site, timeline.now());
      onChange();
    },
    ways: (site) => ways.get(site) ?? OPEN,
    openSinceMs(site) {
      const { up, down } = ways.get(site) ?? OPEN;
      return up === "open" && down === "open" ? (openSince.get(site) ?? 0) : null;
    },
    cut(from, to, cut) {
      for (const pair of [`${from}>${to}`, `${to}>${from}`]) changed.set(pair, timeline.now());
      if (cut) cuts.add(`${from}>${to}`);
      else cuts.delete(`${from}>${to}`);
    },
    reaches,
    reachedSinceMs: (from, to) => (reaches(from, to) ? (changed.get(`${from}>${to}`) ?? 0) : null),
    reachesStore(site, store) {
      const at = siteOfStore(store);
      return !isCut(site, store) && (at === null || reaches(site, at));
    },
  };
}
