import type { Clock } from "../clock.ts";
import { type DiallerMessage, type ListenerMessage, PEER_PING_MS } from "./messages.ts";
import {
  computeProof,
  computeSeal,
  computeSessionKey,
  isSame,
  mintPeerNonce,
  type PairKey,
  type Transcript,
} from "./proof.ts";

/** Pings of one connection that are answered within one ping interval; who sends more is cut off. */
const PINGS_PER_INTERVAL_MAX = 5;

/** What a listener needs to know. */
export interface ListenerPorts {
  readonly agentId: string;
  readonly clock: Clock;
  /** The key shared with an agent; null: it is not among the peers. */
  findKey(agentId: string): PairKey | null;
}

/** What a listener makes of a message: an answer, silence, or the end. */
export type Reaction =
  | { readonly type: "answer"; readonly message: ListenerMessage }
  /** The dialler is who it says it is. */
  | { readonly type: "proven" }
  | { readonly type: "refuse" };

/** The listener's side of one connection, without the socket. */
export interface PeerSession {
  /** Who the dialler says it is; null: it has not said so yet. */
  peer(): string | null;
  /** Whether it proved that. */
  isProven(): boolean;
  /** Whether the key that the session began with is still the peer's. */
  isCurrent(): boolean;
  take(message: DiallerMessage): Reaction;
}

interface Handshake {
  readonly peer: string;
  readonly key: PairKey;
  readonly transcript: Transcript;
  readonly sessionKey: PairKey;
}

const REFUSE: Reaction = { type: "refuse" };

/**
 * Begins the listener's side of a connection: hello, challenge, proof, then pings in unbroken order.
 *
 * @param ports who we are and who our peers are
 */
export function createPeerSession(ports: ListenerPorts): PeerSession {
  const isPaced = createPace(ports.clock);
  let handshake: Handshake | null = null;
  let proven = false;
  let lastSeq = 0;
  const isCurrent = () => handshake !== null && ports.findKey(handshake.peer) === handshake.key;

  function greet(hello: Extract<DiallerMessage, { type: "hello" }>): Reaction {
    handshake = handshake === null ? beginHandshake(hello, ports) : null;
    if (handshake === null) return REFUSE;
    const { key, transcript } = handshake;
    const proof = computeProof(key, "listener", transcript);
    return { type: "answer", message: { type: "challenge", nonce: transcript.listenerNonce, proof } };
  }

  function prove(proof: string): Reaction {
    if (handshake === null || proven || !isCurrent()) return REFUSE;
    proven = isSame(computeProof(handshake.key, "dialler", handshake.transcript), proof);
    return proven ? { type: "proven" } : REFUSE;
  }

  function answer(seq: number, seal: string): Reaction {
    if (handshake === null || !proven || seq !== lastSeq + 1) return REFUSE;
    if (!isSame(computeSeal(handshake.sessionKey, "ping", seq), seal)) return REFUSE;
    lastSeq = seq;
    // Who pings faster than it should is no peer of ours, or a broken one.
    if (!isPaced()) return REFUSE;
    const message = { type: "pong", seq, seal: computeSeal(handshake.sessionKey, "pong", seq) } as const;
    return { type: "answer", message };
  }

  return {
    peer: () => handshake?.peer ?? null,
    isProven: () => proven,
    isCurrent,
    take(message) {
      if (message.type === "hello") return greet(message);
      return message.type === "proof" ? prove(message.proof) : answer(message.seq, message.seal);
    },
  };
}

function beginHandshake(
  hello: Extract<DiallerMessage, { type: "hello" }>,
  ports: ListenerPorts,
): Handshake | null {
  const isForUs = hello.to === ports.agentId && hello.from !== ports.agentId;
  const key = isForUs ? ports.findKey(hello.from) : null;
  if (key === null) return null;
  const transcript: Transcript = {
    dialler: hello.from,
    listener: ports.agentId,
    diallerNonce: hello.nonce,
    listenerNonce: mintPeerNonce(),
  };
  return { peer: hello.from, key, transcript, sessionKey: computeSessionKey(key, transcript) };
}

function createPace(clock: Clock): () => boolean {
  let windowAtMs = clock.now();
  let count = 0;
  return () => {
    const nowMs = clock.now();
    if (nowMs - windowAtMs > PEER_PING_MS) {
      windowAtMs = nowMs;
      count = 0;
    }
    count += 1;
    return count <= PINGS_PER_INTERVAL_MAX;
  };
}
