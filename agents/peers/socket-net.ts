import type { Cancel, Clock } from "../clock.ts";
import type { ListenPlace } from "../listen-place.ts";
import { dialPeer } from "./dial.ts";
import { listenForPeers, type PeerListener } from "./listen.ts";
import type { PeerNet } from "./peer-net.ts";
import { computePairKey, type PairKey, readOwnKey } from "./proof.ts";

/** How long to wait before a port is asked for again that could not be had, in milliseconds. */
const LISTEN_AGAIN_MS = 5000;

/** Who reaches its peers. */
export interface SocketNetOptions {
  readonly agentId: string;
  /** Private JWK of the agent's identity. */
  readonly privateKey: Record<string, unknown>;
  readonly place: ListenPlace;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

/**
 * Reaches peers by TCP sockets. A port that cannot be had is asked for again and again meanwhile: the agent's other
 * work is worth more than its links.
 *
 * @param options who, and where
 * @returns the net; it listens, or has said why it does not
 * @throws Error if the identity holds no key
 */
export async function openSocketNet(options: SocketNetOptions): Promise<PeerNet> {
  const { agentId, clock, place } = options;
  const own = readOwnKey(options.privateKey);
  const keys = new Map<string, PairKey>();
  const listener = await keepListening(options, (id) => keys.get(id) ?? null);
  return {
    address: place.address,
    reach(peer, events) {
      const key = computePairKey(own, peer.publicKey);
      if (key === null) return null;
      const id = peer.agentId;
      keys.set(id, key);
      const dialler = dialPeer({ agentId, peerId: id, address: peer.address, key }, events, clock);
      return {
        stop() {
          dialler.stop();
          if (keys.get(id) === key) keys.delete(id);
          listener.recheck();
        },
      };
    },
    close: () => listener.close(),
  };
}

async function keepListening(
  { agentId, clock, place, say }: SocketNetOptions,
  findKey: (agentId: string) => PairKey | null,
): Promise<Pick<PeerListener, "recheck" | "close">> {
  const { host, port } = place.listen;
  let listener: PeerListener | null = null;
  let closed = false;
  let cancelAgain: Cancel = () => undefined;
  const tryIt = async (): Promise<void> => {
    try {
      const opened = await listenForPeers(place.listen, { agentId, clock, findKey }, say);
      if (closed) opened.close();
      else listener = opened;
      say(`listening for peers on ${host} port ${port}`);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      say(`no peer can reach this agent, its port is tried again: ${words}`);
      if (!closed) cancelAgain = clock.after(LISTEN_AGAIN_MS, () => void tryIt());
    }
  };
  await tryIt();
  return {
    recheck: () => listener?.recheck(),
    close() {
      closed = true;
      cancelAgain();
      listener?.close();
    },
  };
}
