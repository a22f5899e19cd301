/** Connections that have not proven themselves which a listener keeps at a time. */
export const UNPROVEN_MAX = 128;
/** Those of one remote address: a single host cannot take the places of all others. */
export const UNPROVEN_PER_ADDRESS_MAX = 32;

/** What a listener keeps of connections, in places: few for strangers, one for each peer. */
export interface Admission<Connection> {
  /**
   * Takes in a connection that has proven nothing yet. A stranger gives way to the next one, the oldest first: a peer
   * needs a place for one round trip only, so a flood must be faster than that to keep it out, and a peer that is in
   * already is not touched by any flood.
   *
   * @param connection the connection
   * @param address where it comes from
   * @returns connections that lost their place and are to be closed
   */
  enter(connection: Connection, address: string): Connection[];
  /**
   * Gives a connection the place of its peer.
   *
   * @param connection the connection
   * @param peer who it proved to be
   * @returns the connection that had the place: a peer that connects anew has lost it, whatever our end believes
   */
  prove(connection: Connection, peer: string): Connection | null;
  /** A connection is gone. */
  leave(connection: Connection): void;
  /** All connections. */
  list(): Connection[];
}

/** Makes an empty set of places. */
export function createAdmission<Connection>(): Admission<Connection> {
  /** In the order in which they came. */
  const unproven = new Map<Connection, string>();
  const byPeer = new Map<string, Connection>();
  return {
    enter(connection, address) {
      const evicted: Connection[] = [];
      const neighbours = [...unproven].filter(([, from]) => from === address).map(([one]) => one);
      const oldest = neighbours.length >= UNPROVEN_PER_ADDRESS_MAX ? neighbours[0] : undefined;
      const crowded = unproven.size >= UNPROVEN_MAX ? unproven.keys().next().value : undefined;
      const evictee = oldest ?? crowded;
      if (evictee !== undefined) {
        unproven.delete(evictee);
        evicted.push(evictee);
      }
      unproven.set(connection, address);
      return evicted;
    },
    prove(connection, peer) {
      unproven.delete(connection);
      const before = byPeer.get(peer) ?? null;
      byPeer.set(peer, connection);
      return before === connection ? null : before;
    },
    leave(connection) {
      unproven.delete(connection);
      for (const [peer, one] of byPeer) if (one === connection) byPeer.delete(peer);
    },
    list: () => [...unproven.keys(), ...byPeer.values()],
  };
}
