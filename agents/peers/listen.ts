import { createServer, type Socket } from "node:net";
import { createAdmission } from "./admission.ts";
import { createLineReader, DiallerMessage, PEER_HANDSHAKE_MS, PEER_PING_MS, renderLine } from "./messages.ts";
import { createPeerSession, type ListenerPorts, type PeerSession } from "./peer-session.ts";

/** A connection without a ping for so long is given up, in milliseconds. */
const IDLE_MAX_MS = 10 * PEER_PING_MS;
/** Bytes of answers that may wait for a dialler that does not read. */
const BACKLOG_MAX_BYTES = 4096;

/** A listener for peers. */
export interface PeerListener {
  /** The port that it listens on; the one asked for unless that was 0. */
  readonly port: number;
  /** The peers changed: closes the connections of those that are none any more, or have another key now. */
  recheck(): void;
  close(): void;
}

interface Visitor {
  readonly socket: Socket;
  readonly session: PeerSession;
}

/**
 * Listens for peers. Each connection begins with a handshake: the dialler's hello (both ids, its nonce), the
 * listener's challenge (its nonce, its proof), the dialler's proof; then come sealed pings, each answered with a
 * sealed pong. Proofs and seals hang on both agents' own keys and both fresh nonces (proof.ts). Somebody who is not
 * among the peers is told nothing but that.
 *
 * @param address where to listen
 * @param ports who we are and who our peers are
 * @param say told about a connection that could not be accepted
 * @returns the listener, once it listens
 * @throws Error if the address cannot be had
 */
export function listenForPeers(
  address: { readonly host: string; readonly port: number },
  ports: ListenerPorts,
  say: (line: string) => void,
): Promise<PeerListener> {
  const places = createAdmission<Visitor>();
  const server = createServer({ noDelay: true }, (socket) => {
    const visitor = { socket, session: createPeerSession(ports) };
    for (const evicted of places.enter(visitor, socket.remoteAddress ?? "")) evicted.socket.destroy();
    serve(visitor, ports, {
      onProven: (peer) => places.prove(visitor, peer)?.socket.destroy(),
      onEnd: () => places.leave(visitor),
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, () => {
      server.off("error", reject);
      server.on("error", (error) =>
        say(`a connection to the peer port could not be accepted: ${error.message}`),
      );
      const bound = server.address();
      resolve({
        port: typeof bound === "object" && bound !== null ? bound.port : address.port,
        recheck() {
          for (const { socket, session } of places.list()) {
            if (session.peer() !== null && !session.isCurrent()) socket.destroy();
          }
        },
        close() {
          server.close();
          for (const { socket } of places.list()) socket.destroy();
        },
      });
    });
  });
}

function serve(
  { socket, session }: Visitor,
  { clock }: ListenerPorts,
  events: { onProven(peer: string): void; onEnd(): void },
): void {
  // Who has not proven itself by then never will.
  const cancelDeadline = clock.after(PEER_HANDSHAKE_MS, () => socket.destroy());
  let done = false;
  const refuse = () => {
    done = true;
    socket.write(renderLine({ type: "refused" }));
    socket.destroySoon();
  };
  const take = (message: DiallerMessage) => {
    if (done) return;
    const reaction = session.take(message);
    if (reaction.type === "refuse" || socket.writableLength > BACKLOG_MAX_BYTES) {
      refuse();
    } else if (reaction.type === "answer") {
      socket.write(renderLine(reaction.message));
    } else {
      cancelDeadline();
      socket.setTimeout(IDLE_MAX_MS, () => socket.destroy());
      const peer = session.peer();
      if (peer !== null) events.onProven(peer);
    }
  };
  socket.on("data", createLineReader(DiallerMessage, take, refuse));
  // The close follows, and nothing is owed to the other side.
  socket.on("error", () => socket.destroy());
  socket.once("close", () => {
    cancelDeadline();
    events.onEnd();
  });
}
