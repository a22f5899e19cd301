import type { PeerLink } from "@evenkeel/contracts/agent-protocol";
import type { Clock } from "../clock.ts";
import { beginLink, type LinkMemory, noteAnswer, noteRefusal, passTime, renderLink } from "./link-state.ts";
import type { Peer, PeerNet, PeerReach } from "./peer-net.ts";

/** How often the passing of time is looked at, in milliseconds. */
const TICK_MS = 250;

/** What a set of peers needs. */
export interface PeerSetPorts {
  readonly clock: Clock;
  /** Id of the agent's own site; peers of it are not reached. */
  readonly site: string;
  /** How peers are reached; null: this agent has no port for them, so that nobody would let it in. */
  readonly net: PeerNet | null;
  /** The state of a link changed. */
  onChange(): void;
  say(line: string): void;
}

/** The agents of other sites as this agent sees them. */
export interface PeerSet {
  /** Takes the list of the control plane in: these are the peers, and nobody else. */
  follow(peers: readonly Peer[]): void;
  /** How this agent stands to each of them now. */
  links(): PeerLink[];
  stop(): void;
}

interface Known {
  readonly peer: Peer;
  readonly reach: PeerReach;
  link: LinkMemory;
}

/**
 * Follows the agents of other sites and remembers what is known of the link to each.
 *
 * @param ports clock, net, and who hears of changes
 */
export function createPeerSet(ports: PeerSetPorts): PeerSet {
  const { clock, net } = ports;
  const known = new Map<string, Known>();
  const stopTicks = startTicks(clock, (nowMs, sleptMs) => {
    for (const one of known.values()) change(one, (link) => passTime(link, nowMs, sleptMs));
  });

  function change(one: Known, next: (link: LinkMemory) => LinkMemory): void {
    const before = one.link.state;
    one.link = next(one.link);
    if (one.link.state === before) return;
    ports.say(`link to peer ${one.peer.agentId}: ${one.link.state}`);
    ports.onChange();
  }

  function add(peer: Peer): void {
    // What is heard of a peer that was left out meanwhile finds nobody here.
    const find = (act: (one: Known) => void) => {
      const one = known.get(peer.agentId);
      if (one?.peer === peer) act(one);
    };
    const reach = net?.reach(peer, {
      onAnswer: (tookMs) => find((one) => change(one, (link) => noteAnswer(link, clock.now(), tookMs))),
      onRefusal: () => find((one) => change(one, (link) => noteRefusal(link, clock.now()))),
    });
    if (reach === null) ports.say(`peer ${peer.agentId} has no readable key and is left out`);
    else if (reach !== undefined) known.set(peer.agentId, { peer, reach, link: beginLink(clock.now()) });
  }

  function leave(one: Known): void {
    one.reach.stop();
    known.delete(one.peer.agentId);
  }

  return {
    follow(peers) {
      const foreign = peers.filter((peer) => peer.site !== ports.site);
      const wanted = new Map(foreign.map((peer) => [peer.agentId, peer]));
      const before = known.size;
      for (const one of [...known.values()]) {
        // Another key or address is another peer: what was known of the old one says nothing about it.
        if (isSamePeer(one.peer, wanted.get(one.peer.agentId))) wanted.delete(one.peer.agentId);
        else leave(one);
      }
      for (const peer of wanted.values()) add(peer);
      if (wanted.size > 0 || known.size !== before) ports.onChange();
    },
    links: () => [...known.values()].map(({ peer, link }) => renderLink(peer, link, clock.now())),
    stop() {
      stopTicks();
      for (const one of [...known.values()]) leave(one);
      net?.close();
    },
  };
}

function isSamePeer(left: Peer, right: Peer | undefined): boolean {
  return (
    right !== undefined &&
    left.site === right.site &&
    left.publicKey === right.publicKey &&
    left.address.host === right.address.host &&
    left.address.port === right.address.port
  );
}

/** Tells each tick how late it is: a process that did not run must not take its own silence for a peer's. */
function startTicks(clock: Clock, tick: (nowMs: number, sleptMs: number) => void): () => void {
  let lastMs = clock.now();
  return clock.every(TICK_MS, () => {
    const nowMs = clock.now();
    const lateMs = nowMs - lastMs - TICK_MS;
    lastMs = nowMs;
    tick(nowMs, Math.max(0, lateMs));
  });
}
