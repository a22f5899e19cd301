import type { PeerAddress, PeerLink, PeersFrame } from "@evenkeel/contracts/agent-protocol";
import type { EdgeSight } from "@evenkeel/contracts/edge-sight";
import type { InstanceEvent } from "@evenkeel/contracts/event";
import type { Plan } from "@evenkeel/contracts/plan";
import type { InstanceState, MonitorState } from "@evenkeel/core/arbitration/state";
import type { RouteTeller } from "./rpc.ts";

/** One end of a socket as the object uses it: the runtime's WebSocket, or a simulator's. */
export interface LiveSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
  /** What a socket carries through hibernation. */
  serializeAttachment(attachment: unknown): void;
  deserializeAttachment(): unknown;
}

/** Where the object's sockets are: the runtime's state of the object, or a simulator's. */
export interface SocketHub {
  acceptWebSocket(socket: LiveSocket, tags: string[]): void;
  getWebSockets(tag: string): LiveSocket[];
  /** When the runtime answered a ping by itself last (control plane's clock). */
  getWebSocketAutoResponseTimestamp(socket: LiveSocket): Date | null;
}

/** An agent as the Instance knows it, with the hash of what it connects with: enough to let it in without the catalogue. */
export interface KnownAgent {
  readonly id: string;
  readonly name: string;
  readonly site: string;
  readonly hash: string;
}

/** A command as it waits for the catalogue's audit. */
export interface CommandAudit {
  readonly seq: number;
  readonly atMs: number;
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  /** The command as JSON. */
  readonly after: string;
  readonly source: string;
}

/** What one turn of the object changed; stored in one transaction [SAFE-7]. */
export interface Changes {
  readonly monitors: Readonly<Record<string, MonitorState | null>>;
  readonly events: readonly InstanceEvent[];
  readonly plan: Plan | null;
  readonly audit: readonly Omit<CommandAudit, "seq">[];
}

/** A plan as the catalogue published it. */
export interface PulledPlan {
  readonly plan: Plan;
  /** Id of the request that asked for a removal; null: nobody did. */
  readonly confirmedBy: string | null;
}

/** What the arbitration keeps over restarts. Each call is one transaction. */
export interface InstanceMemory {
  /** Stored plan and monitors; null: there is no plan yet. @param now begin of this incarnation in ms */
  readState(now: number): InstanceState | null;
  store(changes: Changes): void;
  /** The latest events, newest first. */
  listEvents(limit: number): InstanceEvent[];
  listKnownAgents(): KnownAgent[];
  /** What each agent told of its links last, by agent id. */
  listLinks(): Readonly<Record<string, ToldLinks>>;
  /** The plan that is held back, as JSON; null: none. */
  readHeldPlan(): string | null;
  writeHeldPlan(text: string | null): void;
}

/** The surroundings of an arbiter: the runtime's, or a simulator's. */
export interface InstancePorts {
  /** Control plane's clock in ms since 1970. */
  now(): number;
  /** Fresh random characters [a-z0-9]. */
  entropy(): string;
  readonly memory: InstanceMemory;
  setAlarm(atMs: number): void;
  /** Pulls the latest plan; null: there is none, or the catalogue does not answer. */
  pullPlan(): Promise<PulledPlan | null>;
}

/** What the control plane itself saw of public targets. */
export interface SeenFromEdge {
  /** The sight of a data centre of a monitor; null: it is not asked, or was not yet. */
  find(monitorId: string, dataCentre: string): EdgeSight | null;
}

/** Where agents listen for each other, and with which keys they prove themselves. */
export interface PeerDirectory {
  /**
   * Notes where an agent listens.
   *
   * @param agentId the agent
   * @param places for its peers, and for applications; null: nowhere
   */
  noteAddress(agentId: string, places: Readonly<Record<"peer" | "routes", PeerAddress | null>>): void;
  /**
   * The agents that tell applications their routes, connected or not.
   *
   * @param site id of the site; null: of all sites
   */
  listTellers(site: string | null): RouteTeller[];
  /**
   * The peers of the agents of a site: all that listen in other sites, connected or not, because the silence of one that
   * is gone is what its peers are to tell.
   *
   * @param site id of the site
   */
  listFor(site: string): PeersFrame;
  /**
   * Notes the links that an agent told: agents tell only what changes, so an object that slept must not forget them.
   *
   * @param agentId the agent
   * @param boot the start of its process: what an earlier one saw is not what this one sees
   * @param links its links
   */
  noteLinks(agentId: string, boot: string, links: readonly PeerLink[]): void;
}

/** The links that one start of an agent's process told last. */
export interface ToldLinks {
  readonly boot: string;
  readonly links: readonly PeerLink[];
}
