import { connect, type Socket } from "node:net";
import type { PeerAddress } from "@evenkeel/contracts/agent-protocol";
import type { Cancel, Clock } from "../clock.ts";
import {
  createLineReader,
  ListenerMessage,
  PEER_HANDSHAKE_MS,
  PEER_PING_MS,
  renderLine,
} from "./messages.ts";
import type { PeerEvents, PeerReach } from "./peer-net.ts";
import { createPinger } from "./pinger.ts";
import { computeProof, computeSessionKey, isSame, mintPeerNonce, type PairKey } from "./proof.ts";

/** Whom to dial. */
export interface DialTarget {
  /** Who dials. */
  readonly agentId: string;
  readonly peerId: string;
  readonly address: PeerAddress;
  readonly key: PairKey;
}

/**
 * Keeps a connection to one peer and pings it every second. A connection that ends is made anew, once a ping interval at
 * most, for as long as it takes.
 *
 * @param target whom
 * @param events who hears of it
 * @param clock timers and round trips
 */
export function dialPeer(target: DialTarget, events: PeerEvents, clock: Clock): PeerReach {
  let stopped = false;
  let socket: Socket | null = null;
  let cancelAgain: Cancel = () => undefined;
  const dial = () => {
    const begunAtMs = clock.now();
    socket = converse(target, events, clock, () => {
      if (stopped) return;
      // What lasted long is replaced at once; what fails at once is not tried in a hot loop.
      cancelAgain = clock.after(Math.max(0, begunAtMs + PEER_PING_MS - clock.now()), dial);
    });
  };
  dial();
  return {
    stop() {
      stopped = true;
      cancelAgain();
      socket?.destroy();
    },
  };
}

function converse(target: DialTarget, events: PeerEvents, clock: Clock, onEnd: () => void): Socket {
  const socket = connect({ host: target.address.host, port: target.address.port, noDelay: true });
  const hail = { type: "hello", from: target.agentId, to: target.peerId, nonce: mintPeerNonce() } as const;
  const cancelDeadline = clock.after(PEER_HANDSHAKE_MS, () => socket.destroy());
  const pinger = createPinger(socket, clock);
  const refuse = () => {
    events.onRefusal();
    socket.destroy();
  };
  const take = (message: ListenerMessage) => {
    if (socket.destroyed) return;
    if (message.type === "challenge" && !pinger.isRunning()) {
      const proven = answerChallenge(target, hail.nonce, message);
      if (proven === null) return refuse();
      cancelDeadline();
      socket.write(renderLine({ type: "proof", proof: proven.proof }));
      pinger.run(proven.session);
      return;
    }
    const roundTripMs = message.type === "pong" ? pinger.match(message.seq, message.seal) : null;
    if (roundTripMs === null) refuse();
    else events.onAnswer(roundTripMs);
  };
  socket.once("connect", () => socket.write(renderLine(hail)));
  socket.on("data", createLineReader(ListenerMessage, take, refuse));
  // Whether the peer is not there, or went, shows in its silence; the close follows.
  socket.on("error", () => socket.destroy());
  socket.once("close", () => {
    cancelDeadline();
    pinger.stop();
    onEnd();
  });
  return socket;
}

/** Checks the listener's proof and makes our own; null: the listener is not the peer. */
function answerChallenge(
  { agentId, peerId, key }: DialTarget,
  diallerNonce: string,
  challenge: Extract<ListenerMessage, { type: "challenge" }>,
): { readonly proof: string; readonly session: PairKey } | null {
  const transcript = { dialler: agentId, listener: peerId, diallerNonce, listenerNonce: challenge.nonce };
  if (!isSame(computeProof(key, "listener", transcript), challenge.proof)) return null;
  return { proof: computeProof(key, "dialler", transcript), session: computeSessionKey(key, transcript) };
}
