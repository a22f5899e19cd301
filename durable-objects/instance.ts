import { DurableObject } from "cloudflare:workers";
import { type AgentFrame, CLOSE_REVOKED, PING, PONG } from "@evenkeel/contracts/agent-protocol";
import type { BatchResult, CommandRefusal } from "@evenkeel/contracts/command";
import { EdgeProbe, type EdgeTarget } from "@evenkeel/contracts/edge-sight";
import type { InstanceEvent } from "@evenkeel/contracts/event";
import type { Explanation, LiveView } from "@evenkeel/contracts/live";
import type { Plan } from "@evenkeel/contracts/plan";
import { Principal, renderPrincipal } from "@evenkeel/contracts/principal";
import type { ProcessView } from "@evenkeel/contracts/process";
import type { ToldRoutes } from "@evenkeel/contracts/told-routes";
import type { ArbitrationEvent, Reply, SettledCommand } from "@evenkeel/core/arbitration/state";
import { tellRoutes } from "@evenkeel/core/switching/route-writes";
import { type FrameParts, takeEnd, takeMessage } from "./instance/agent-frames.ts";
import { Arbiter } from "./instance/arbiter.ts";
import { Connections } from "./instance/connections.ts";
import { openDoor } from "./instance/door.ts";
import { createEdgeSights, type EdgeSights, listEdgeTargets } from "./instance/edge-sights.ts";
import { createFollowing, type Following } from "./instance/following.ts";
import { type AwaitedCommand, giveOrder, nameCommand } from "./instance/give-order.ts";
import { createInstanceMemory } from "./instance/instance-memory.ts";
import { forgetAgent, listKnownAgents, rememberAgent } from "./instance/known-agents.ts";
import { createPeerDirectory, rememberKey } from "./instance/peer-directory.ts";
import type { CommandAudit, KnownAgent } from "./instance/ports.ts";
import {
  forgetPrincipal,
  recognisePrincipal,
  rememberPrincipal,
  replacePrincipals,
} from "./instance/principals.ts";
import { probeOnce } from "./instance/probe-once.ts";
import { pullPlan } from "./instance/pull-plan.ts";
import { renderError } from "./instance/render-error.ts";
import {
  BatchCall,
  CommandCall,
  type GivenOrder,
  type PlanOutcome,
  type RouteTeller,
  type TestCall,
  type TestOutcome,
} from "./instance/rpc.ts";
import { createTables, dropAudit, type EventsQuery, listAudit, listEvents } from "./instance/storage.ts";
import { makeEntropy } from "./instance/turn.ts";
import { createWaiters } from "./instance/waiters.ts";

/** What wrangler.toml binds to the object. */
export interface InstanceEnv {
  /** The catalogue, for pulling plans only; never on the path of a decision. */
  readonly DB: D1Database;
}

/**
 * One instance: its agents' sockets, the arbitration's state, and the one alarm. A thin shell: every event is decided by
 * a pure function, stored in one transaction, and only then acted upon.
 *
 * There is no outbox table, because the state is one: what a decision sends can be derived from the rows at any time,
 * and the arbitration sends it again until it is acknowledged.
 */
export class Instance extends DurableObject<InstanceEnv> {
  readonly #connections: Connections;
  readonly #following: Following;
  readonly #edgeSights: EdgeSights;
  readonly #arbiter: Arbiter;
  readonly #frames: FrameParts;
  readonly #commands = createWaiters<SettledCommand>();
  readonly #tests = createWaiters<Extract<AgentFrame, { type: "tested" }>>();

  constructor(ctx: DurableObjectState, env: InstanceEnv) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    createTables(ctx.storage.sql);
    this.#connections = new Connections(ctx);
    this.#following = createFollowing(this.#connections);
    this.#edgeSights = createEdgeSights(ctx.storage.sql);
    this.#arbiter = new Arbiter({
      ports: {
        now: () => Date.now(),
        entropy: makeEntropy,
        memory: createInstanceMemory(ctx.storage),
        setAlarm: (atMs) => ctx.waitUntil(ctx.storage.setAlarm(atMs)),
        pullPlan: () => pullPlan(env.DB, ctx.id.name ?? ""),
      },
      connections: this.#connections,
      following: this.#following,
      edgeSights: this.#edgeSights,
      onSettled: (reply) => this.#commands.settle(nameCommand(reply), reply),
    });
    this.#frames = {
      connections: this.#connections,
      arbiter: this.#arbiter,
      peers: createPeerDirectory(ctx.storage.sql),
      following: this.#following,
      now: () => Date.now(),
      waitUntil: (going) => ctx.waitUntil(going),
      onTested: (frame) => this.#tests.settle(frame.nonce, frame),
    };
  }

  // Sockets.

  /** Upgrades to a WebSocket: `/agent` for agents, `/console` for consoles; the Worker has checked who they are. */
  override async fetch(request: Request): Promise<Response> {
    const state = await this.#arbiter.ready();
    const door = openDoor(request, {
      isReady: state !== null,
      knownAgents: listKnownAgents(this.ctx.storage.sql),
    });
    if (!door.ok) return door.response;
    const { 0: client, 1: server } = new WebSocketPair();
    if (door.role === "agent") {
      this.#remember(door.agent, door.publicKey);
      this.#connections.acceptAgent(server, door.agent, Date.now());
    } else {
      const { principal } = door;
      rememberPrincipal(this.ctx.storage.sql, principal, Date.now());
      if (!this.#connections.acceptConsole(server, principal.hash))
        return new Response(null, { status: 503 });
      this.#arbiter.greetConsole(server);
    }
    return new Response(null, { status: 101, webSocket: client });
  }

  /** A frame of an agent; consoles have nothing to say. */
  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    takeMessage(this.#frames, socket, message);
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    this.#leave(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    this.#leave(socket);
  }

  /** The one alarm; it must never throw, because the runtime gives up on an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    try {
      this.#arbiter.alarm();
    } catch (error) {
      console.error(`the alarm failed: ${renderError(error)}`);
    }
  }

  // Calls of the Worker.

  /**
   * Asks whether a plan may take effect now, without taking it.
   *
   * @param plan the plan that is to hold
   * @returns one refusal per monitor that stands in the way
   */
  checkPlan(plan: Plan): CommandRefusal[] {
    return this.#arbiter.checkPlan(plan);
  }

  /**
   * Takes a plan.
   *
   * @param plan the plan; an older version changes nothing
   * @param confirmedBy id of the request that asked for a removal; null: nobody did [SAFE-9]
   * @returns whether it holds now
   */
  applyPlan(plan: Plan, confirmedBy: string | null): PlanOutcome {
    return this.#arbiter.applyPlan(plan, confirmedBy);
  }

  /**
   * Carries out an operator's command and waits for its end.
   *
   * @param call the command, who gives it and how long to wait
   * @returns the final answer, or the answer so far when the time is over; null: this object has no plan
   */
  async command(call: CommandCall): Promise<Reply | null> {
    const { monitorId, order, caller, source, waitMs } = CommandCall.parse(call);
    const { command, type: action } = order;
    const principal = renderPrincipal(caller);
    const replies = await this.#give(
      { type: "command", monitorId, order, principal },
      { action, resource: monitorId, after: JSON.stringify(command), source, caller, waitMs },
      [{ monitorId, idempotencyKey: command.idempotencyKey }],
    );
    return replies?.[0] ?? null;
  }

  /**
   * Carries out a batch and waits for the end of every member.
   *
   * @param call the batch, who gives it and how long to wait
   * @returns what became of each member, in the order of the batch; null: this object has no plan
   */
  async batch(call: BatchCall): Promise<BatchResult | null> {
    const { order, caller, source, waitMs } = BatchCall.parse(call);
    const { idempotencyKey, members } = order;
    const replies = await this.#give(
      { type: "batch", order, principal: renderPrincipal(caller) },
      {
        action: "batch",
        resource: this.ctx.id.name ?? "",
        after: JSON.stringify(order),
        source,
        caller,
        waitMs,
      },
      members.map(({ monitorId }) => ({ monitorId, idempotencyKey })),
    );
    return replies === null ? null : { members: replies };
  }

  /**
   * Explains what would happen to a monitor if its active data centre, or that one's site, died now.
   *
   * @param monitorId the monitor
   * @returns null: there is no such monitor
   */
  async explain(monitorId: string): Promise<Explanation | null> {
    await this.#arbiter.ready();
    return this.#arbiter.explain(monitorId);
  }

  /** The picture of the instance; null: this object has no plan. */
  async view(): Promise<LiveView | null> {
    await this.#arbiter.ready();
    return this.#arbiter.view();
  }

  /**
   * Lists the registered processes of an application; without agents that tell, nobody is listed.
   *
   * @param applicationId the application
   */
  processes(applicationId: string): ProcessView[] {
    return this.#following.list(applicationId);
  }

  /**
   * Tells an application's routes, as far as a store holds them.
   *
   * @param applicationId the application
   * @returns null: this object has no plan
   */
  async routes(applicationId: string): Promise<ToldRoutes | null> {
    const state = await this.#arbiter.ready();
    return state === null ? null : tellRoutes(state, applicationId);
  }

  /**
   * Lists the agents that tell applications their routes.
   *
   * @param site id of the site; null: of all sites
   */
  tellers(site: string | null): RouteTeller[] {
    return this.#frames.peers.listTellers(site);
  }

  /**
   * Lists events, newest first.
   *
   * @param query which ones
   * @returns the events; null: this object has no plan
   */
  async events(query: EventsQuery): Promise<InstanceEvent[] | null> {
    return (await this.#arbiter.ready()) === null ? null : listEvents(this.ctx.storage.sql, query);
  }

  /** Recognises a caller while the catalogue is dead. @param hash hash of the secret that was shown */
  recognise(hash: string): Principal | null {
    return recognisePrincipal(this.ctx.storage.sql, hash, Date.now());
  }

  /** Remembers a caller for whom the catalogue vouched just now. @param principal the caller */
  remember(principal: Principal): void {
    if (this.#arbiter.state() === null) return;
    rememberPrincipal(this.ctx.storage.sql, Principal.parse(principal), Date.now());
  }

  /** Forgets a caller whose token was deleted. @param hash hash of the caller's secret */
  forget(hash: string): void {
    forgetPrincipal(this.ctx.storage.sql, hash);
    this.#closeStrangers();
  }

  /**
   * Learns of an agent that was enrolled.
   *
   * @param agent the agent
   * @param publicKey the key that it proves itself with to its peers: a public JWK as JSON
   */
  enrolled(agent: KnownAgent, publicKey: string): void {
    this.#remember(agent, publicKey);
  }

  /** Forgets an agent and closes what it has open. @param agentId the agent */
  removeAgent(agentId: string): void {
    forgetAgent(this.ctx.storage.sql, agentId);
    this.#connections.closeAgent(agentId, CLOSE_REVOKED, "this agent was removed");
    this.#arbiter.turn({ type: "agent-removed", agentId });
    this.#connections.tellPeers(this.#frames.peers.listFor);
  }

  /**
   * Has a target probed once by a connected agent of a site.
   *
   * @param call site and target
   * @returns what the agent saw
   */
  async probeOnce(call: TestCall): Promise<TestOutcome> {
    return probeOnce({ connections: this.#connections, waiters: this.#tests }, call);
  }

  /**
   * The minute's pass: learns which callers live, catches up with the plan, and looks at its deadlines even if an alarm
   * was lost.
   *
   * @param planVersion version that the catalogue published
   * @param principals every caller who lives now
   * @returns what the control plane itself is to ask
   */
  async wake(planVersion: number, principals: readonly Principal[]): Promise<EdgeTarget[]> {
    replacePrincipals(this.ctx.storage.sql, Principal.array().parse(principals), Date.now());
    this.#closeStrangers();
    if ((this.#arbiter.state()?.plan.version ?? 0) < planVersion) await this.#arbiter.pull();
    this.#arbiter.turn({ type: "tick" });
    const state = this.#arbiter.state();
    return state === null ? [] : listEdgeTargets(state.plan);
  }

  /** Takes what the control plane itself saw of public targets. @param probes what it saw */
  takeEdgeProbes(probes: readonly EdgeProbe[]): void {
    const state = this.#arbiter.state();
    if (state === null) return;
    const seen = EdgeProbe.array().parse(probes);
    const events = this.#edgeSights.take(state.plan, seen, Date.now(), makeEntropy);
    this.#arbiter.turn({ type: "tick" }, { events });
  }

  /** Commands whose audit the catalogue does not have yet. @param limit how many at most */
  listAudit(limit: number): CommandAudit[] {
    return listAudit(this.ctx.storage.sql, limit);
  }

  /** Drops the audit that the catalogue has now. @param upToSeq last entry that it has */
  dropAudit(upToSeq: number): void {
    dropAudit(this.ctx.storage.sql, upToSeq);
  }

  /** Ends a deleted instance: sockets, alarm and everything that is stored. */
  async destroy(): Promise<void> {
    for (const { attachment } of this.#connections.list()) {
      this.#connections.closeAgent(attachment.id, CLOSE_REVOKED, "this instance was deleted");
    }
    this.#arbiter.forget();
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    createTables(this.ctx.storage.sql);
  }

  // Inside.

  #remember(agent: KnownAgent, publicKey: string | null): void {
    const { sql } = this.ctx.storage;
    rememberAgent(sql, agent);
    if (publicKey !== null) rememberKey(sql, agent.id, publicKey);
  }

  async #give(
    event: ArbitrationEvent,
    order: GivenOrder,
    awaited: readonly AwaitedCommand[],
  ): Promise<Reply[] | null> {
    if ((await this.#arbiter.ready()) === null) return null;
    rememberPrincipal(this.ctx.storage.sql, order.caller, Date.now());
    return giveOrder({ arbiter: this.#arbiter, waiters: this.#commands }, event, order, awaited);
  }

  /** A console that is open outlives neither its token nor its session. */
  #closeStrangers(): void {
    const { sql } = this.ctx.storage;
    this.#connections.closeConsoles((hash) => recognisePrincipal(sql, hash, Date.now()) !== null);
  }

  #leave(socket: WebSocket): void {
    try {
      takeEnd(this.#frames, socket);
    } catch (error) {
      console.error(`the end of a connection failed: ${renderError(error)}`);
    }
  }
}
