import { DurableObject } from "cloudflare:workers";
import {
  type AgentFrame,
  CLOSE_REVOKED,
  type EdgeFrame,
  PING,
  PONG,
  PROTOCOL_VERSION,
} from "@evenkeel/contracts/agent-protocol";
import type { CommandRefusal } from "@evenkeel/contracts/command";
import type { InstanceEvent } from "@evenkeel/contracts/event";
import { LIVE_EVENTS_MAX, type LiveView } from "@evenkeel/contracts/live";
import { Plan } from "@evenkeel/contracts/plan";
import { Principal, renderPrincipal } from "@evenkeel/contracts/principal";
import { because } from "@evenkeel/contracts/sentences";
import { createInstanceState } from "@evenkeel/core/arbitration/create";
import { computeNextDeadline } from "@evenkeel/core/arbitration/deadline";
import { renderLiveView } from "@evenkeel/core/arbitration/live-view";
import { checkPlan } from "@evenkeel/core/arbitration/plan";
import type {
  ArbitrationEvent,
  Decision,
  InstanceState,
  Reply,
  SettledCommand,
} from "@evenkeel/core/arbitration/state";
import { computeRouteWrites } from "@evenkeel/core/switching/route-writes";
import { type Connection, Connections } from "./instance/connections.ts";
import { type ConsoleFeed, createConsoleFeed } from "./instance/consoles.ts";
import { openDoor } from "./instance/door.ts";
import { forgetAgent, type KnownAgent, listKnownAgents, rememberAgent } from "./instance/known-agents.ts";
import { findUnconfirmedRemoval } from "./instance/plan-guard.ts";
import {
  forgetPrincipal,
  recognisePrincipal,
  rememberPrincipal,
  replacePrincipals,
} from "./instance/principals.ts";
import { pullPlan } from "./instance/pull-plan.ts";
import { readAgentFrame } from "./instance/read-frame.ts";
import { restoreAgents } from "./instance/restore-agents.ts";
import { CommandCall, type PlanOutcome, type TestCall, type TestOutcome } from "./instance/rpc.ts";
import { readAttachment } from "./instance/sockets.ts";
import {
  type Changes,
  type CommandAudit,
  createTables,
  dropAudit,
  type EventsQuery,
  listAudit,
  listEvents,
  readMeta,
  readState,
  storeChanges,
  writeMeta,
} from "./instance/storage.ts";
import { decideTurn, listRecorded, makeEntropy } from "./instance/turn.ts";
import { createWaiters } from "./instance/waiters.ts";

/** What wrangler.toml binds to the object. */
export interface InstanceEnv {
  /** The catalogue, for pulling plans only; never on the path of a decision. */
  readonly DB: D1Database;
}

/** While a plan is held, and while agents are known, the object looks after itself at least this often, in milliseconds. */
const SAFETY_ALARM_MS = 60_000;
/** While a console is open its picture is never older than this, in milliseconds. */
const CONSOLE_REFRESH_MS = 5_000;
/** A test may take so long beyond the access timeout: the way to the agent and back. */
const TEST_MARGIN_MS = 3_000;
/** Plans are pulled at most this often, in milliseconds. */
const PULL_SPACING_MS = 5_000;

/**
 * One instance: its agents' sockets, the arbitration's state, and the one alarm. A thin shell: every event is decided by
 * a pure function, stored in one transaction, and only then acted upon.
 *
 * There is no outbox table, because the state is one: what a decision sends can be derived from the rows at any time,
 * and the arbitration sends it again until it is acknowledged.
 */
export class Instance extends DurableObject<InstanceEnv> {
  readonly #connections: Connections;
  readonly #consoles: ConsoleFeed;
  readonly #commands = createWaiters<SettledCommand>();
  readonly #tests = createWaiters<Extract<AgentFrame, { type: "tested" }>>();
  #state: InstanceState | null;
  #events: InstanceEvent[];
  /** Deadline that was computed last; null: nothing is waiting. */
  #deadlineMs: number | null = null;
  /** When the alarm is set to; null: not by this incarnation. */
  #alarmAtMs: number | null = null;
  #pulledAtMs = 0;

  constructor(ctx: DurableObjectState, env: InstanceEnv) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    createTables(ctx.storage.sql);
    this.#connections = new Connections(ctx);
    this.#consoles = createConsoleFeed(this.#connections, () => this.#render());
    this.#events = listEvents(ctx.storage.sql, { limit: LIVE_EVENTS_MAX });
    this.#state = this.#restore();
    if (this.#state !== null) this.#setAlarm(Date.now());
  }

  // Sockets.

  /** Upgrades to a WebSocket: `/agent` for agents, `/console` for consoles; the Worker has checked who they are. */
  override async fetch(request: Request): Promise<Response> {
    if (this.#state === null) await this.#pull();
    const door = openDoor(request, {
      isReady: this.#state !== null,
      knownAgents: listKnownAgents(this.ctx.storage.sql),
    });
    if (!door.ok) return door.response;
    const { 0: client, 1: server } = new WebSocketPair();
    if (door.role === "agent") {
      rememberAgent(this.ctx.storage.sql, door.agent);
      this.#connections.acceptAgent(server, door.agent, Date.now());
    } else if (this.#connections.acceptConsole(server)) {
      this.#consoles.greet(server);
      this.#rearm(Date.now());
    } else {
      return new Response("too many consoles are open", { status: 503 });
    }
    return new Response(null, { status: 101, webSocket: client });
  }

  /** A frame of an agent; consoles have nothing to say. */
  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (readAttachment(socket)?.role === "console") return;
    const reading = readAgentFrame(message);
    if (!reading.ok) {
      this.#connections.refuse(socket, reading.reason, reading.code);
      return;
    }
    try {
      this.#takeFrame(socket, reading.frame);
    } catch (error) {
      // Nothing was stored or sent. The agent connects again and sends everything, which is the surest way on.
      console.error(`a ${reading.frame.type} frame failed: ${renderError(error)}`);
      this.#connections.refuse(socket, `the control plane failed on a ${reading.frame.type} frame`, 1011);
    }
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    this.#leave(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    this.#leave(socket);
  }

  /** The one alarm. It is set again before anything else, so that a failure cannot silence the object. */
  override async alarm(): Promise<void> {
    this.#alarmAtMs = null;
    this.#setAlarm(Date.now() + SAFETY_ALARM_MS);
    try {
      this.#turn({ type: "tick" });
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
    return this.#state === null ? [] : checkPlan(this.#state, Plan.parse(plan));
  }

  /**
   * Takes a plan.
   *
   * @param plan the plan; an older version changes nothing
   * @param confirmedBy id of the request that asked for a removal; null: nobody did [SAFE-9]
   * @returns whether it holds now
   */
  applyPlan(plan: Plan, confirmedBy: string | null): PlanOutcome {
    const next = Plan.parse(plan);
    this.#state ??= this.#begin(next);
    if (next.version <= this.#state.plan.version) return { status: "unchanged" };
    const blocker = this.#findPlanBlocker(this.#state, next, confirmedBy);
    if (blocker !== null) {
      writeMeta(this.ctx.storage.sql, "held-plan", JSON.stringify({ plan: next, confirmedBy }));
      return { status: "held", because: because("plan-held", { version: next.version, why: blocker }) };
    }
    writeMeta(this.ctx.storage.sql, "held-plan", null);
    this.#turn({ type: "plan", plan: next }, { plan: next, announce: { type: "plan", plan: next } });
    return { status: "applied" };
  }

  /**
   * Carries out an operator's command and waits for its end.
   *
   * @param call the command, who gives it and how long to wait
   * @returns the final answer, or the answer so far when the time is over; null: this object has no plan
   */
  async command(call: CommandCall): Promise<Reply | null> {
    const { monitorId, order, caller, source, waitMs } = CommandCall.parse(call);
    if (this.#state === null) await this.#pull();
    if (this.#state === null) return null;
    const principal = renderPrincipal(caller);
    const key = `${monitorId} ${order.command.idempotencyKey}`;
    const audit = {
      atMs: Date.now(),
      principal,
      action: order.type,
      resource: monitorId,
      after: JSON.stringify(order.command),
      source,
    };
    const answered = this.#commands.wait(key, waitMs);
    const replies = this.#turn({ type: "command", monitorId, order, principal }, { audit: [audit] });
    const first = replies.find((reply) => `${reply.monitorId} ${reply.idempotencyKey}` === key) ?? null;
    if (first?.final === true) return first.reply;
    const last = await answered;
    return last?.reply ?? this.#renderRunning(monitorId) ?? first?.reply ?? null;
  }

  /** The picture of the instance; null: this object has no plan. */
  view(): LiveView | null {
    return this.#render();
  }

  /**
   * Lists events, newest first.
   *
   * @param query which ones
   * @returns the events; null: this object has no plan
   */
  events(query: EventsQuery): InstanceEvent[] | null {
    return this.#state === null ? null : listEvents(this.ctx.storage.sql, query);
  }

  /**
   * Recognises a caller while the catalogue is dead.
   *
   * @param hash hash of the secret that was shown
   */
  recognise(hash: string): Principal | null {
    return recognisePrincipal(this.ctx.storage.sql, hash, Date.now());
  }

  /**
   * Remembers a caller for whom the catalogue vouched just now.
   *
   * @param principal the caller
   */
  remember(principal: Principal): void {
    if (this.#state !== null) rememberPrincipal(this.ctx.storage.sql, Principal.parse(principal), Date.now());
  }

  /**
   * Forgets a caller whose token was deleted.
   *
   * @param hash hash of the caller's secret
   */
  forget(hash: string): void {
    forgetPrincipal(this.ctx.storage.sql, hash);
  }

  /**
   * Learns of an agent that was enrolled.
   *
   * @param agent the agent
   */
  enrolled(agent: KnownAgent): void {
    rememberAgent(this.ctx.storage.sql, agent);
  }

  /**
   * Forgets an agent and closes what it has open.
   *
   * @param agentId the agent
   */
  removeAgent(agentId: string): void {
    forgetAgent(this.ctx.storage.sql, agentId);
    this.#connections.closeAgent(agentId, CLOSE_REVOKED, "this agent was removed");
    if (this.#state !== null) this.#turn({ type: "agent-removed", agentId });
  }

  /**
   * Has a target probed once by a connected agent of a site.
   *
   * @param call site and target
   * @returns what the agent saw
   */
  async probeOnce(call: TestCall): Promise<TestOutcome> {
    const agent = this.#connections.list().find(({ attachment }) => attachment.site === call.site);
    if (agent === undefined) return { ok: false, reason: "no-agent" };
    const nonce = makeEntropy();
    const { id } = agent.attachment;
    const answered = this.#tests.wait(nonce, call.frame.accessTimeoutMs + TEST_MARGIN_MS);
    this.#connections.send([id], { type: "test", nonce, ...call.frame });
    const tested = await answered;
    return tested === null
      ? { ok: false, reason: "no-answer" }
      : { ok: true, agentId: id, observation: tested.observation };
  }

  /**
   * The minute's pass: learns which callers live, catches up with the plan, and looks at its deadlines even if an alarm
   * was lost.
   *
   * @param planVersion version that the catalogue published
   * @param principals every caller who lives now
   */
  async wake(planVersion: number, principals: readonly Principal[]): Promise<void> {
    replacePrincipals(this.ctx.storage.sql, Principal.array().parse(principals), Date.now());
    if ((this.#state?.plan.version ?? 0) < planVersion) await this.#pull();
    if (this.#state !== null) this.#turn({ type: "tick" });
  }

  /**
   * Commands whose audit the catalogue does not have yet.
   *
   * @param limit how many at most
   */
  listAudit(limit: number): CommandAudit[] {
    return listAudit(this.ctx.storage.sql, limit);
  }

  /**
   * Drops the audit that the catalogue has now.
   *
   * @param upToSeq last entry that it has
   */
  dropAudit(upToSeq: number): void {
    dropAudit(this.ctx.storage.sql, upToSeq);
  }

  /** Ends a deleted instance: sockets, alarm and everything that is stored. */
  async destroy(): Promise<void> {
    for (const { attachment } of this.#connections.list()) {
      this.#connections.closeAgent(attachment.id, CLOSE_REVOKED, "this instance was deleted");
    }
    this.#state = null;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    createTables(this.ctx.storage.sql);
  }

  // Inside.

  #restore(): InstanceState | null {
    const { sql } = this.ctx.storage;
    const state = readState(sql, Date.now());
    if (state === null) return null;
    const heard = this.#connections.listHeard();
    const open = this.#connections.list().map(({ attachment }) => ({
      attachment,
      heardAtMs: heard[attachment.id] ?? attachment.openedAtMs,
    }));
    return { ...state, agents: restoreAgents(listKnownAgents(sql), open) };
  }

  #begin(plan: Plan): InstanceState {
    const empty = { ...plan, version: 0, sites: [], stores: [], monitors: [] };
    const agents = restoreAgents(listKnownAgents(this.ctx.storage.sql), []);
    return { ...createInstanceState(empty, Date.now()), agents };
  }

  #takeFrame(socket: WebSocket, frame: AgentFrame): void {
    if (frame.type === "hello") {
      this.#takeHello(socket, frame);
      return;
    }
    const connection = this.#connections.find(socket);
    if (connection === null) {
      this.#connections.refuse(socket, `a ${frame.type} frame before hello, or after a newer connection`);
      return;
    }
    connection.framedAtMs = Date.now();
    const agentId = connection.attachment.id;
    if (frame.type === "tested") {
      this.#tests.settle(frame.nonce, frame);
      return;
    }
    if (frame.type === "report") this.#takeReport(connection, frame);
    else if (frame.type === "answer") this.#turn({ type: "answer", agentId, frame });
    else this.#turn({ type: "written", agentId, frame });
  }

  #takeReport(connection: Connection, frame: Extract<AgentFrame, { type: "report" }>): void {
    this.#connections.note(connection, frame);
    const agentId = connection.attachment.id;
    this.#turn({ type: "report", agentId, frame });
    // The runtime keeps the frame back until the report is on disk, so this says: it will not be lost.
    this.#connections.send([agentId], { type: "ack", boot: frame.boot, seq: frame.seq });
  }

  #takeHello(socket: WebSocket, hello: Extract<AgentFrame, { type: "hello" }>): void {
    const attachment = readAttachment(socket);
    if (attachment?.role !== "agent" || this.#state === null) {
      this.#connections.refuse(socket, "this instance has no plan; connect again", 1013);
      return;
    }
    const { id, name, site } = attachment;
    this.#connections.greet(socket, attachment, hello, Date.now());
    const welcome: EdgeFrame = {
      type: "welcome",
      protocol: PROTOCOL_VERSION,
      agentId: id,
      site,
      plan: this.#state.plan,
      routes: computeRouteWrites(this.#state),
    };
    this.#connections.send([id], welcome);
    this.#turn({ type: "agent-connected", agent: { id, name, site }, hello });
    this.ctx.waitUntil(this.#pull());
  }

  #leave(socket: WebSocket): void {
    const gone = this.#connections.leave(socket);
    if (gone === null || this.#state === null) return;
    const agentId = gone.id;
    if (this.#state.agents[agentId]?.connected !== true) {
      // The end of its socket is what woke this object: it was connected until now, and so it was seen.
      const seen = restoreAgents([], [{ attachment: gone, heardAtMs: Date.now() }]);
      this.#state = { ...this.#state, agents: { ...this.#state.agents, ...seen } };
    }
    try {
      this.#turn({ type: "agent-disconnected", agentId });
    } catch (error) {
      console.error(`the end of a connection failed: ${renderError(error)}`);
    }
  }

  /**
   * One turn: overdue deadlines, decision, one transaction, then the acts. There is no await in it, so no other event
   * comes in between, and the runtime sends nothing before the transaction is on disk.
   */
  #turn(
    event: ArbitrationEvent,
    extra: { plan?: Plan; announce?: EdgeFrame; audit?: Changes["audit"] } = {},
  ): readonly SettledCommand[] {
    if (this.#state === null) return [];
    const senses = { now: Date.now(), heard: this.#connections.listHeard() };
    const decision = decideTurn(this.#state, event, this.#deadlineMs, senses);
    const events = listRecorded(decision);
    storeChanges(this.ctx.storage, {
      monitors: decision.changed,
      events,
      plan: extra.plan ?? null,
      audit: extra.audit ?? [],
    });
    this.#state = decision.state;
    this.#events = [...events.toReversed(), ...this.#events].slice(0, LIVE_EVENTS_MAX);
    if (extra.announce !== undefined) {
      const everyone = this.#connections.list().map(({ attachment }) => attachment.id);
      this.#connections.send(everyone, extra.announce);
    }
    this.#act(decision);
    this.#rearm(senses.now);
    this.#consoles.touch();
    for (const reply of decision.replies) {
      if (reply.final) this.#commands.settle(`${reply.monitorId} ${reply.idempotencyKey}`, reply);
    }
    this.#retryHeldPlan(event);
    return decision.replies;
  }

  #act(decision: Decision): void {
    for (const effect of decision.effects) {
      if (effect.type === "ask") {
        const { nonce, targets } = effect;
        this.#connections.send(effect.agentIds, { type: "ask", nonce, targets: [...targets] });
      } else if (effect.type === "write-routes") {
        this.#connections.send(effect.agentIds, { type: "write-routes", writes: [...effect.writes] });
      }
    }
  }

  /** An alarm that is set earlier than needed stays: it costs one look, while setting it anew costs a write each time. */
  #rearm(now: number): void {
    const deadlines = this.#state === null ? [] : [computeNextDeadline(this.#state, now)];
    // Silence makes no event: while somebody watches, the picture is drawn anew now and then.
    if (this.#connections.listConsoles().length > 0) deadlines.push(now + CONSOLE_REFRESH_MS);
    const due = deadlines.filter((deadline) => deadline !== null);
    this.#deadlineMs = due.length === 0 ? null : Math.min(...due);
    if (this.#deadlineMs === null) return;
    if (this.#alarmAtMs === null || this.#deadlineMs < this.#alarmAtMs) this.#setAlarm(this.#deadlineMs);
  }

  #setAlarm(atMs: number): void {
    this.#alarmAtMs = atMs;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs));
  }

  #findPlanBlocker(state: InstanceState, next: Plan, confirmedBy: string | null): string | null {
    const removal = findUnconfirmedRemoval(state.plan, next, confirmedBy);
    if (removal !== null) return `${removal}, which nobody confirmed`;
    return checkPlan(state, next)[0]?.because.text ?? null;
  }

  /** A plan that was held back because of a running switch takes effect once that is done. */
  #retryHeldPlan(event: ArbitrationEvent): void {
    if (event.type !== "written" && event.type !== "tick") return;
    const held = readMeta(this.ctx.storage.sql, "held-plan");
    if (held === null) return;
    const { plan, confirmedBy } = JSON.parse(held) as { plan: Plan; confirmedBy: string | null };
    this.applyPlan(plan, confirmedBy);
  }

  async #pull(): Promise<void> {
    const now = Date.now();
    if (this.#state !== null && now - this.#pulledAtMs < PULL_SPACING_MS) return;
    this.#pulledAtMs = now;
    const pulled = await pullPlan(this.env.DB, this.ctx.id.name ?? "");
    if (pulled !== null) this.applyPlan(pulled.plan, pulled.confirmedBy);
  }

  #render(): LiveView | null {
    return this.#state === null ? null : renderLiveView(this.#state, this.#events, Date.now());
  }

  /** The answer to a command whose switch is still under way when the caller's patience ends. */
  #renderRunning(monitorId: string): Reply | null {
    const monitor = this.#state?.monitors[monitorId];
    if (monitor == null || monitor.run === null) return null;
    const { run, route } = monitor;
    return {
      ok: true,
      result: {
        monitorId,
        status: "running",
        epoch: run.epoch === 0 ? route.epoch : run.epoch,
        decision: run.decision,
        active: route.active,
        because: run.because,
      },
    };
  }
}

function renderError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
