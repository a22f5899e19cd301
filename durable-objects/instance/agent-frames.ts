import { type AgentFrame, PROTOCOL_VERSION } from "@evenkeel/contracts/agent-protocol";
import { computeRouteWrites } from "@evenkeel/core/switching/route-writes";
import type { Arbiter } from "./arbiter.ts";
import type { Connection, Connections } from "./connections.ts";
import type { Following } from "./following.ts";
import type { LiveSocket, PeerDirectory } from "./ports.ts";
import { readAgentFrame } from "./read-frame.ts";
import { renderError } from "./render-error.ts";
import { readAttachment } from "./sockets.ts";

/** Close code of "try again later" (IANA registry of WebSocket close codes). */
const CLOSE_NOT_READY = 1013;

/** What taking frames of agents works with. */
export interface FrameParts {
  readonly connections: Connections;
  readonly arbiter: Arbiter;
  readonly peers: PeerDirectory;
  readonly following: Following;
  /** Control plane's clock in ms. */
  readonly now: () => number;
  /** Lets something go on beside the frame. */
  readonly waitUntil: (going: Promise<void>) => void;
  /** An agent has probed a target that somebody asked for. */
  readonly onTested: (frame: Extract<AgentFrame, { type: "tested" }>) => void;
}

/** Close code of a failure on our side (RFC 6455 §7.4.1): the agent connects again and sends everything. */
const CLOSE_FAILED = 1011;

/**
 * Takes a message that came on a socket. What an agent sends cannot end the object: a frame that fails is told, and the
 * agent connects again.
 *
 * @param parts the object's parts
 * @param socket the socket that it came on
 * @param message what came; consoles have nothing to say
 */
export function takeMessage(parts: FrameParts, socket: LiveSocket, message: string | ArrayBuffer): void {
  if (readAttachment(socket)?.role === "console") return;
  const { connections } = parts;
  const reading = readAgentFrame(message);
  if (!reading.ok) {
    connections.refuse(socket, reading.reason, reading.code);
    return;
  }
  const { type } = reading.frame;
  try {
    takeFrame(parts, socket, reading.frame);
  } catch (error) {
    // Nothing was stored or sent. The agent connects again and sends everything, which is the surest way on.
    console.error(`a ${type} frame failed: ${renderError(error)}`);
    connections.refuse(socket, `the control plane failed on a ${type} frame`, CLOSE_FAILED);
  }
}

/**
 * Takes a frame of an agent.
 *
 * @param parts the object's parts
 * @param socket the socket that it came on
 * @param frame the frame
 */
export function takeFrame(parts: FrameParts, socket: LiveSocket, frame: AgentFrame): void {
  const { connections } = parts;
  if (frame.type === "hello") {
    takeHello(parts, socket, frame);
    return;
  }
  const connection = connections.find(socket);
  if (connection === null) {
    connections.refuse(socket, `a ${frame.type} frame before hello, or after a newer connection`);
    return;
  }
  connection.framedAtMs = parts.now();
  takeNews(parts, connection, frame);
}

function takeNews(
  parts: FrameParts,
  connection: Connection,
  frame: Exclude<AgentFrame, { type: "hello" }>,
): void {
  const { connections, arbiter } = parts;
  const agentId = connection.attachment.id;
  switch (frame.type) {
    case "tested":
      parts.onTested(frame);
      return;
    case "report":
      connections.note(connection, frame);
      parts.peers.noteLinks(agentId, frame.boot, frame.links);
      arbiter.turn({ type: "report", agentId, frame });
      // The runtime keeps the frame back until the report is on disk, so this says: it will not be lost.
      connections.send([agentId], { type: "ack", boot: frame.boot, seq: frame.seq });
      return;
    case "answer":
      arbiter.turn({ type: "answer", agentId, frame });
      return;
    case "processes":
      if (parts.following.take(agentId, frame, parts.now())) arbiter.turn({ type: "tick" });
      return;
    case "written":
      arbiter.turn({ type: "written", agentId, frame });
      return;
  }
}

function takeHello(
  parts: FrameParts,
  socket: LiveSocket,
  hello: Extract<AgentFrame, { type: "hello" }>,
): void {
  const { connections, arbiter, peers } = parts;
  const attachment = readAttachment(socket);
  const state = arbiter.state();
  if (attachment?.role !== "agent" || state === null) {
    connections.refuse(socket, "this instance has no plan; connect again", CLOSE_NOT_READY);
    return;
  }
  const { id, name, site } = attachment;
  connections.greet(socket, attachment, hello, parts.now());
  parts.following.dismiss(id);
  connections.send([id], {
    type: "welcome",
    protocol: PROTOCOL_VERSION,
    agentId: id,
    site,
    plan: state.plan,
    routes: computeRouteWrites(state),
  });
  peers.noteAddress(id, { peer: hello.peer ?? null, routes: hello.routes ?? null });
  connections.tellPeers(peers.listFor);
  arbiter.turn({ type: "agent-connected", agent: { id, name, site }, hello });
  parts.waitUntil(arbiter.pull());
}

/**
 * Takes the end of a socket.
 *
 * @param parts the object's parts
 * @param socket the socket
 */
export function takeEnd(parts: FrameParts, socket: LiveSocket): void {
  const gone = parts.connections.leave(socket);
  if (gone !== null) parts.arbiter.lose(gone);
}
