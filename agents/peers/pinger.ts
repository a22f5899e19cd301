import type { Socket } from "node:net";
import type { Cancel, Clock } from "../clock.ts";
import { PEER_PING_MS, renderLine } from "./messages.ts";
import { computeSeal, isSame, type PairKey } from "./proof.ts";

/**
 * Pings that may be unanswered. A mute connection may be stuck while a new one would get through, so it is given up
 * early enough for a new one to be heard before the link counts as cut.
 */
const UNANSWERED_MAX = 2;

/** Pings one connection. */
export interface Pinger {
  isRunning(): boolean;
  /** Begins. @param session key of the connection */
  run(session: PairKey): void;
  /** Milliseconds since the ping that this answers; null: it answers none, or the seal is wrong. */
  match(seq: number, seal: string): number | null;
  stop(): void;
}

/**
 * Makes what pings a connection each second once its other end has proven itself; it ends a connection that is mute.
 *
 * @param socket the connection
 * @param clock timers and round trips
 */
export function createPinger(socket: Socket, clock: Clock): Pinger {
  const sentAtMs = new Map<number, number>();
  let session: PairKey | null = null;
  let cancel: Cancel = () => undefined;
  let seq = 0;

  function ping(key: PairKey): void {
    if (sentAtMs.size >= UNANSWERED_MAX) {
      socket.destroy();
      return;
    }
    seq += 1;
    sentAtMs.set(seq, clock.now());
    socket.write(renderLine({ type: "ping", seq, seal: computeSeal(key, "ping", seq) }));
  }

  return {
    isRunning: () => session !== null,
    run(key) {
      session = key;
      cancel = clock.every(PEER_PING_MS, () => ping(key));
      ping(key);
    },
    match(answered, seal) {
      const pingedAtMs = sentAtMs.get(answered);
      if (session === null || pingedAtMs === undefined) return null;
      if (!isSame(computeSeal(session, "pong", answered), seal)) return null;
      sentAtMs.delete(answered);
      return clock.now() - pingedAtMs;
    },
    stop: () => cancel(),
  };
}
