import {
  CLOSE_MALFORMED,
  CLOSE_REPLACED,
  CLOSE_REVOKED,
  type EdgeFrame,
  type HelloFrame,
  type PeersFrame,
} from "@evenkeel/contracts/agent-protocol";
import type { Effect } from "@evenkeel/core/arbitration/state";
import type { z } from "zod";
import type { KnownAgent, LiveSocket, SocketHub } from "./ports.ts";
import { type AgentAttachment, closeSocket, readAttachment, sendText, writeAttachment } from "./sockets.ts";

/** Tag of agents' sockets. */
const AGENT_TAG = "agent";
/** Sockets of consoles that one Instance serves at a time. */
export const CONSOLES_MAX = 200;
/** Tag of consoles' sockets. */
const CONSOLE_TAG = "console";

/** An agent's open socket with what it carries. */
export interface Connection {
  readonly socket: LiveSocket;
  attachment: AgentAttachment;
  /** When it last sent a frame (control plane's clock, ms); pings are not frames. */
  framedAtMs: number;
  /** The list of peers that it was sent last, as text; null: none by this incarnation of the object. */
  peersTold: string | null;
}

/** The sockets of one object; a connection, and so a class. */
export class Connections {
  readonly #state: SocketHub;
  /** By agent id: the connection that counts. Rebuilt from the open sockets after hibernation. */
  readonly #agents = new Map<string, Connection>();

  constructor(state: SocketHub) {
    this.#state = state;
    for (const socket of state.getWebSockets(AGENT_TAG)) {
      const attachment = readAttachment(socket);
      if (attachment?.role !== "agent" || attachment.replaced || attachment.hello === null) continue;
      const rival = this.#agents.get(attachment.id);
      if (rival !== undefined && rival.attachment.openedAtMs >= attachment.openedAtMs) continue;
      const framedAtMs = attachment.openedAtMs;
      this.#agents.set(attachment.id, { socket, attachment, framedAtMs, peersTold: null });
    }
  }

  /** Every agent that said hello on a socket that is open. */
  list(): Connection[] {
    return [...this.#agents.values()];
  }

  /**
   * Takes a socket of an agent in; it counts once the agent says hello.
   *
   * @param socket the server's end
   * @param agent who connects
   * @param now control plane's clock in ms
   */
  acceptAgent(socket: LiveSocket, agent: KnownAgent, now: number): void {
    this.#state.acceptWebSocket(socket, [AGENT_TAG]);
    const { id, name, site } = agent;
    writeAttachment(socket, {
      role: "agent",
      id,
      name,
      site,
      openedAtMs: now,
      hello: null,
      illness: null,
      stores: [],
      replaced: false,
    });
  }

  /**
   * Takes a console's socket in.
   *
   * @param socket the server's end
   * @param hash hash of the secret that its user showed
   * @returns false if there are too many
   */
  acceptConsole(socket: LiveSocket, hash: string): boolean {
    if (this.#state.getWebSockets(CONSOLE_TAG).length >= CONSOLES_MAX) return false;
    this.#state.acceptWebSocket(socket, [CONSOLE_TAG]);
    writeAttachment(socket, { role: "console", hash });
    return true;
  }

  /** The consoles' sockets. */
  listConsoles(): LiveSocket[] {
    return this.#state.getWebSockets(CONSOLE_TAG);
  }

  /**
   * Closes the consoles of callers that are not known any more.
   *
   * @param isKnown tells by the hash of the secret that was shown
   */
  closeConsoles(isKnown: (hash: string) => boolean): void {
    for (const socket of this.listConsoles()) {
      const attachment = readAttachment(socket);
      if (attachment?.role === "console" && isKnown(attachment.hash)) continue;
      closeSocket(socket, CLOSE_REVOKED, "sign in again");
    }
  }

  /**
   * The connection that a frame came on.
   *
   * @param socket the socket
   * @returns null before hello, and for a socket that was replaced
   */
  find(socket: LiveSocket): Connection | null {
    // Each frame asks this, and reading what a socket carries costs more than a look at every agent.
    for (const connection of this.#agents.values()) if (connection.socket === socket) return connection;
    return null;
  }

  /**
   * Makes a socket the one that counts for its agent; older ones are closed.
   *
   * @param socket the socket
   * @param attachment what it carries
   * @param hello the agent's first frame
   * @param now control plane's clock in ms
   */
  greet(
    socket: LiveSocket,
    attachment: AgentAttachment,
    hello: z.infer<typeof HelloFrame>,
    now: number,
  ): void {
    const old = this.#agents.get(attachment.id);
    if (old !== undefined && old.socket !== socket) {
      writeAttachment(old.socket, { ...old.attachment, replaced: true });
      closeSocket(old.socket, CLOSE_REPLACED, "a newer connection of this agent took over");
    }
    const greeted = { ...attachment, hello };
    writeAttachment(socket, greeted);
    this.#agents.set(attachment.id, { socket, attachment: greeted, framedAtMs: now, peersTold: null });
  }

  /**
   * Carries an agent's illness and stores through hibernation.
   *
   * @param connection the connection
   * @param senses what the agent reported
   */
  note(connection: Connection, senses: Pick<AgentAttachment, "illness" | "stores">): void {
    const { illness, stores } = connection.attachment;
    if (JSON.stringify([illness, stores]) === JSON.stringify([senses.illness, senses.stores])) return;
    connection.attachment = { ...connection.attachment, illness: senses.illness, stores: senses.stores };
    writeAttachment(connection.socket, connection.attachment);
  }

  /**
   * Takes the end of a socket in.
   *
   * @param socket the socket
   * @returns what the socket of an agent that is gone carried; null if nobody is: a console, a replaced socket, one
   *   without hello
   */
  leave(socket: LiveSocket): AgentAttachment | null {
    const attachment = readAttachment(socket);
    if (attachment?.role !== "agent" || attachment.replaced || attachment.hello === null) return null;
    // An object that is woken by the end of a socket has not got that socket in its list any more.
    const connection = this.#agents.get(attachment.id);
    if (connection !== undefined && connection.socket !== socket) return null;
    this.#agents.delete(attachment.id);
    return attachment;
  }

  /**
   * Closes whatever an agent has open.
   *
   * @param agentId the agent
   * @param code close code
   * @param reason why
   */
  closeAgent(agentId: string, code: number, reason: string): void {
    this.#agents.delete(agentId);
    for (const socket of this.#state.getWebSockets(AGENT_TAG)) {
      const attachment = readAttachment(socket);
      if (attachment?.role === "agent" && attachment.id === agentId) closeSocket(socket, code, reason);
    }
  }

  /**
   * Closes a socket whose frame cannot be read.
   *
   * @param socket the socket
   * @param reason what is wrong
   * @param code close code
   */
  refuse(socket: LiveSocket, reason: string, code = CLOSE_MALFORMED): void {
    closeSocket(socket, code, reason);
  }

  /**
   * Sends a frame to agents; the text is made once.
   *
   * @param agentIds who gets it; those that are not connected are left out
   * @param frame the frame
   */
  send(agentIds: readonly string[], frame: EdgeFrame): void {
    const text = JSON.stringify(frame);
    for (const id of agentIds) {
      const connection = this.#agents.get(id);
      if (connection !== undefined) sendText(connection.socket, text);
    }
  }

  /**
   * Sends a frame to every agent.
   *
   * @param frame the frame
   */
  sendAll(frame: EdgeFrame): void {
    this.send([...this.#agents.keys()], frame);
  }

  /**
   * Sends the list of its peers to every agent that listens for them and has not got this list yet.
   *
   * @param listFor the peers of the agents of a site
   */
  tellPeers(listFor: (site: string) => PeersFrame): void {
    const texts = new Map<string, string>();
    for (const connection of this.#agents.values()) {
      const { hello, site } = connection.attachment;
      if (hello?.peer == null) continue;
      const text = texts.get(site) ?? JSON.stringify(listFor(site));
      texts.set(site, text);
      if (connection.peersTold === text) continue;
      connection.peersTold = text;
      sendText(connection.socket, text);
    }
  }

  /**
   * Sends what a decision wants sent.
   *
   * @param effects the effects of a decision that is stored
   */
  act(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === "ask") {
        const { nonce, targets } = effect;
        this.send(effect.agentIds, { type: "ask", nonce, targets: [...targets] });
      } else if (effect.type === "write-routes") {
        this.send(effect.agentIds, { type: "write-routes", writes: [...effect.writes] });
      }
    }
  }

  /**
   * When each connected agent was last heard: its last frame, or the last ping, which the runtime answers by itself.
   *
   * @returns control plane's clock in ms by agent id
   */
  listHeard(): Record<string, number> {
    const heard: Record<string, number> = {};
    for (const [id, { socket, framedAtMs }] of this.#agents) {
      const pingedAtMs = this.#state.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
      heard[id] = Math.max(framedAtMs, pingedAtMs);
    }
    return heard;
  }
}
