import type { PeerAddress, PeersFrame } from "@evenkeel/contracts/agent-protocol";

/** An agent of another site that listens for its peers, as the control plane names it. */
export type Peer = PeersFrame["peers"][number];

/** What is heard of one peer. */
export interface PeerEvents {
  /** The peer proved itself and answered a ping. @param roundTripMs how long after the ping */
  onAnswer(roundTripMs: number): void;
  /** Somebody lives at the peer's address who is not the peer, or does not know us. */
  onRefusal(): void;
}

/** A peer that is being reached. */
export interface PeerReach {
  /** Ends our connection to it and refuses those that it has to us. */
  stop(): void;
}

/** How an agent reaches its peers: by sockets, or in a simulator. */
export interface PeerNet {
  /** Where the peers are to find this agent. */
  readonly address: PeerAddress;
  /**
   * Lets a peer in and pings it until stopped.
   *
   * @param peer the peer
   * @param events who hears of it
   * @returns null if the peer's key cannot be read
   */
  reach(peer: Peer, events: PeerEvents): PeerReach | null;
  close(): void;
}

/** What the peers of an agent take of its surroundings. */
export interface PeerPorts {
  readonly net: PeerNet;
  /** The peers that an earlier start kept; none if there was none. */
  load(): Promise<readonly Peer[]>;
  keep(peers: readonly Peer[]): Promise<void>;
}
