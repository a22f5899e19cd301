import type { PeerAddress, PeerLink } from "@evenkeel/contracts/agent-protocol";
import type { Clock } from "../../agents/clock.ts";
import type { Peer, PeerPorts } from "../../agents/peers/peer-net.ts";
import type { PeerDirectory, ToldLinks } from "../../durable-objects/instance/ports.ts";

/** Pings between agents are sent so often, as those of the real sockets are; milliseconds of the agent's clock. */
const PING_MS = 1000;
/** A ping and its answer take so long together. */
const ROUND_TRIP_MS = 2;
const PORT = 7200;

/** What the object's database keeps of agents' links. Values are never changed in place. */
export interface PeerRows {
  readonly addresses: Readonly<Record<string, PeerAddress | null>>;
  readonly told: Readonly<Record<string, ToldLinks>>;
}

/** A directory in which nobody listens. */
export const NO_PEERS: PeerRows = { addresses: {}, told: {} };

/**
 * Makes the directory of an object's agents over rows in memory.
 *
 * @param agents who is enrolled
 * @param rows reads and replaces the rows
 */
export function createVirtualDirectory(
  agents: readonly { readonly id: string; readonly site: string }[],
  rows: { get(): PeerRows; set(rows: PeerRows): void },
): PeerDirectory {
  return {
    noteAddress(agentId, { peer }) {
      const { addresses, told } = rows.get();
      rows.set({ addresses: { ...addresses, [agentId]: peer }, told });
    },
    listTellers: () => [],
    listFor(site) {
      const { addresses } = rows.get();
      const peers = agents.flatMap(({ id, site: home }): Peer[] => {
        const address = addresses[id] ?? null;
        return home === site || address === null
          ? []
          : [{ agentId: id, site: home, publicKey: `key-of-${id}`, address }];
      });
      return { type: "peers", peers };
    },
    noteLinks(agentId, boot, links) {
      const { addresses, told } = rows.get();
      const stored: PeerLink[] = links.map((link) => ({ ...link, ageMs: 0, roundTripMs: null }));
      rows.set({ addresses, told: { ...told, [agentId]: { boot, links: stored } } });
    },
  };
}

/**
 * Makes an agent's way to its peers: a ping is answered while the network lets it through and the peer's process runs.
 * The proofs that real agents exchange are left out.
 *
 * @param site where the agent stands
 * @param clock its clock
 * @param kept the list of peers that an earlier process kept
 * @param isAnswered whether a ping to an agent of a site would be answered now
 */
export function createVirtualPeers(
  site: string,
  clock: Clock,
  kept: { peers: readonly Peer[] },
  isAnswered: (peerSite: string) => boolean,
): PeerPorts {
  return {
    load: () => Promise.resolve(kept.peers),
    keep(peers) {
      kept.peers = peers;
      return Promise.resolve();
    },
    net: {
      address: { host: site, port: PORT },
      reach(peer, events) {
        let live = true;
        const ping = () => {
          if (!isAnswered(peer.site)) return;
          clock.after(ROUND_TRIP_MS, () => {
            if (live) events.onAnswer(ROUND_TRIP_MS);
          });
        };
        const stop = clock.every(PING_MS, ping);
        ping();
        return {
          stop() {
            live = false;
            stop();
          },
        };
      },
      close: () => undefined,
    },
  };
}
