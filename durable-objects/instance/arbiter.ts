import type { EdgeFrame } from "@evenkeel/contracts/agent-protocol";
import type { CommandRefusal } from "@evenkeel/contracts/command";
import type { InstanceEvent } from "@evenkeel/contracts/event";
import { type Explanation, LIVE_EVENTS_MAX, type LiveView } from "@evenkeel/contracts/live";
import { Plan } from "@evenkeel/contracts/plan";
import { because } from "@evenkeel/contracts/sentences";
import { createInstanceState } from "@evenkeel/core/arbitration/create";
import { computeNextDeadline } from "@evenkeel/core/arbitration/deadline";
import { explain } from "@evenkeel/core/arbitration/explain";
import { renderLiveView } from "@evenkeel/core/arbitration/live-view";
import { checkPlan } from "@evenkeel/core/arbitration/plan";
import type { ArbitrationEvent, InstanceState, SettledCommand } from "@evenkeel/core/arbitration/state";
import { hearAgents } from "@evenkeel/core/arbitration/work";
import { z } from "zod";
import type { Connections } from "./connections.ts";
import { type ConsoleFeed, createConsoleFeed } from "./consoles.ts";
import type { Following } from "./following.ts";
import { findUnconfirmedRemoval } from "./plan-guard.ts";
import type { Changes, InstanceMemory, InstancePorts, LiveSocket, SeenFromEdge } from "./ports.ts";
import { restoreAgents } from "./restore-agents.ts";
import type { PlanOutcome } from "./rpc.ts";
import type { AgentAttachment } from "./sockets.ts";
import { decideTurn, listRecorded } from "./turn.ts";

/** The object looks after itself at least this often, in milliseconds. */
const SAFETY_ALARM_MS = 60_000;
/** While a console is open its picture is never older than this, in milliseconds. */
const CONSOLE_REFRESH_MS = 5_000;
/** Plans are pulled at most this often, in milliseconds. */
const PULL_SPACING_MS = 5_000;
const HeldPlan = z.object({ plan: Plan, confirmedBy: z.string().nullable() });

/** What a turn does beside its decision. */
export interface TurnExtra {
  /** A plan to be stored with it. */
  readonly plan?: Plan;
  /** A frame that all agents get before the decision's own. */
  readonly announce?: EdgeFrame;
  readonly audit?: Changes["audit"];
  /** Events that no decision made. */
  readonly events?: readonly InstanceEvent[];
}

/** What an arbiter works with. */
export interface ArbiterParts {
  readonly ports: InstancePorts;
  readonly connections: Connections;
  readonly following: Following;
  readonly edgeSights: SeenFromEdge;
  /** Hears of every command that is settled for good. */
  readonly onSettled: (reply: SettledCommand) => void;
}

/** Runs the arbitration of one object: state, turns, plans, the alarm. The larger half of a Durable Object, and so a class. */
export class Arbiter {
  readonly #parts: ArbiterParts;
  readonly #consoles: ConsoleFeed;
  #state: InstanceState | null;
  #events: InstanceEvent[];
  /** Deadline that was computed last; null: nothing is waiting. */
  #deadlineMs: number | null = null;
  /** When the alarm is set to; null: not by this incarnation. */
  #alarmAtMs: number | null = null;
  #pulledAtMs = 0;
  /** Rows that the next transaction stores as well. */
  #unstored: Changes["monitors"] = {};

  /** @param parts storage, catalogue and sockets; the state is what is stored */
  constructor(parts: ArbiterParts) {
    const { ports, connections } = parts;
    this.#parts = parts;
    this.#consoles = createConsoleFeed(connections, () => this.view());
    this.#events = ports.memory.listEvents(LIVE_EVENTS_MAX);
    this.#state = restore(ports, connections);
    if (this.#state !== null) this.#setAlarm(ports.now());
  }

  /** The state; null while there is no plan. */
  state(): InstanceState | null {
    return this.#state;
  }

  /** The picture for people; null while there is no plan. */
  view(): LiveView | null {
    if (this.#state === null) return null;
    // Pings are answered without waking the object: what was heard since the last turn belongs into the picture.
    const state = hearAgents(this.#state, this.#parts.connections.listHeard());
    const picture = renderLiveView(state, this.#events, this.#parts.ports.now());
    const { following, edgeSights } = this.#parts;
    const monitors = picture.monitors.map((one) => ({
      ...one,
      dataCentres: one.dataCentres.map((dc) => ({ ...dc, edge: edgeSights.find(one.id, dc.name) })),
      processes: following.count(one.id, one.epoch),
    }));
    return { ...picture, monitors };
  }

  /**
   * Explains what a fault would come to.
   *
   * @param monitorId the monitor
   * @returns null: there is no plan, or no such monitor
   */
  explain(monitorId: string): Explanation | null {
    if (this.#state === null) return null;
    const state = hearAgents(this.#state, this.#parts.connections.listHeard());
    return explain(state, monitorId, this.#parts.ports.now());
  }

  /**
   * One turn: overdue deadlines, decision, one transaction, then the acts. There is no await in it, so no other event
   * comes in between, and the runtime sends nothing before the transaction is on disk.
   *
   * @param event what happened; nothing is done while there is no plan
   * @param extra what else belongs into the turn
   * @returns the answers to commands, of this event and of earlier ones
   */
  turn(event: ArbitrationEvent, extra: TurnExtra = {}): readonly SettledCommand[] {
    if (this.#state === null) return [];
    const { ports, connections, following, onSettled } = this.#parts;
    const senses = { now: ports.now(), heard: connections.listHeard(), holders: following.holders() };
    const decision = decideTurn(this.#state, event, this.#deadlineMs, senses, () => ports.entropy());
    const decided = [...(extra.events ?? []), ...listRecorded(decision)];
    const recent = [...decided.toReversed(), ...this.#events];
    const recorded = [...decided, ...following.judge(recent, senses.now, () => ports.entropy())];
    const { plan = null, audit = [] } = extra;
    const monitors = { ...this.#unstored, ...decision.changed };
    // An answer that decides nothing yet is stored with the one that does: three answers at once would else cost three
    // writes to disk before the route goes out. Lost in a crash, they are asked for again.
    const canWait = event.type === "answer" && decision.effects.length === 0;
    if (!canWait) ports.memory.store({ monitors, events: recorded, plan, audit });
    this.#unstored = canWait ? monitors : {};
    this.#state = decision.state;
    this.#events = [...recorded.toReversed(), ...this.#events].slice(0, LIVE_EVENTS_MAX);
    if (extra.announce !== undefined) connections.sendAll(extra.announce);
    connections.act(decision.effects);
    following.appoint(decision.state);
    this.#rearm(senses.now);
    this.#consoles.touch();
    for (const reply of decision.replies) if (reply.final) onSettled(reply);
    if (event.type === "written" || event.type === "tick") this.#retryHeldPlan();
    return decision.replies;
  }

  /**
   * Takes the end of an agent's connection.
   *
   * @param gone what its socket carried
   */
  lose(gone: AgentAttachment): void {
    if (this.#state === null) return;
    if (this.#state.agents[gone.id]?.connected !== true) {
      // The end of its socket is what woke this object: it was connected until now, and so it was seen.
      const seen = restoreAgents(
        [],
        [{ attachment: gone, heardAtMs: this.#parts.ports.now() }],
        this.#parts.ports.memory.listLinks(),
      );
      this.#state = { ...this.#state, agents: { ...this.#state.agents, ...seen } };
    }
    this.turn({ type: "agent-disconnected", agentId: gone.id });
  }

  /**
   * Asks whether a plan may take effect now.
   *
   * @param plan the plan
   * @returns one refusal per monitor that stands in the way
   */
  checkPlan(plan: Plan): CommandRefusal[] {
    return this.#state === null ? [] : checkPlan(this.#state, Plan.parse(plan));
  }

  /**
   * Takes a plan, or holds it back.
   *
   * @param plan the plan; an older version changes nothing
   * @param confirmedBy id of the request that asked for a removal; null: nobody did [SAFE-9]
   * @returns whether it holds now
   */
  applyPlan(plan: Plan, confirmedBy: string | null): PlanOutcome {
    const { ports } = this.#parts;
    // Every hello asks the catalogue: what is known already is not read again.
    if (this.#state !== null && plan.version <= this.#state.plan.version) return { status: "unchanged" };
    const next = Plan.parse(plan);
    this.#state ??= begin(next, ports);
    if (next.version <= this.#state.plan.version) return { status: "unchanged" };
    const why = findBlocker(this.#state, next, confirmedBy);
    if (why !== null) {
      ports.memory.writeHeldPlan(JSON.stringify({ plan: next, confirmedBy }));
      return { status: "held", because: because("plan-held", { version: next.version, why }) };
    }
    ports.memory.writeHeldPlan(null);
    this.turn({ type: "plan", plan: next }, { plan: next, announce: { type: "plan", plan: next } });
    return { status: "applied" };
  }

  /** The state, with the plan pulled first where there is none yet; null: the catalogue has none, or does not answer. */
  async ready(): Promise<InstanceState | null> {
    if (this.#state === null) await this.pull();
    return this.#state;
  }

  /** Pulls the latest plan from the catalogue; a dead one changes nothing. */
  async pull(): Promise<void> {
    const now = this.#parts.ports.now();
    if (this.#state !== null && now - this.#pulledAtMs < PULL_SPACING_MS) return;
    this.#pulledAtMs = now;
    const pulled = await this.#parts.ports.pullPlan();
    if (pulled !== null) this.applyPlan(pulled.plan, pulled.confirmedBy);
  }

  /** Serves the alarm. It is set again before anything else, so that a failure cannot silence the object. */
  alarm(): void {
    this.#setAlarm(this.#parts.ports.now() + SAFETY_ALARM_MS);
    this.turn({ type: "tick" });
  }

  /**
   * Sends the picture to a console that just came.
   *
   * @param socket the console's socket
   */
  greetConsole(socket: LiveSocket): void {
    this.#consoles.greet(socket);
    this.#rearm(this.#parts.ports.now());
  }

  /** Forgets everything in memory: the instance was deleted. */
  forget(): void {
    this.#state = null;
    this.#events = [];
    this.#deadlineMs = null;
  }

  /** An alarm that is set earlier than needed stays: it costs one look, while setting it anew costs a write each time. */
  #rearm(now: number): void {
    const deadlines = [this.#parts.following.deadlineMs()];
    if (this.#state !== null) deadlines.push(computeNextDeadline(this.#state, now));
    // Silence makes no event: while somebody watches, the picture is drawn anew now and then.
    if (this.#parts.connections.listConsoles().length > 0) deadlines.push(now + CONSOLE_REFRESH_MS);
    const due = deadlines.filter((deadline) => deadline !== null);
    this.#deadlineMs = due.length === 0 ? null : Math.min(...due);
    if (this.#deadlineMs === null) return;
    if (this.#alarmAtMs === null || this.#deadlineMs < this.#alarmAtMs) this.#setAlarm(this.#deadlineMs);
  }

  #setAlarm(atMs: number): void {
    this.#alarmAtMs = atMs;
    this.#parts.ports.setAlarm(atMs);
  }

  /** A plan that was held back because of a running switch takes effect once that is done. */
  #retryHeldPlan(): void {
    const held = this.#parts.ports.memory.readHeldPlan();
    if (held === null) return;
    const { plan, confirmedBy } = HeldPlan.parse(JSON.parse(held));
    this.applyPlan(plan, confirmedBy);
  }
}

function restore(ports: InstancePorts, connections: Connections): InstanceState | null {
  const { memory } = ports;
  const state = memory.readState(ports.now());
  if (state === null) return null;
  const heard = connections.listHeard();
  const open = connections.list().map(({ attachment }) => ({
    attachment,
    heardAtMs: heard[attachment.id] ?? attachment.openedAtMs,
  }));
  return { ...state, agents: restoreAgents(memory.listKnownAgents(), open, memory.listLinks()) };
}

/** The state before the first plan: nothing is planned, but the enrolled agents are known. */
function begin(plan: Plan, { memory, now }: { memory: InstanceMemory; now: () => number }): InstanceState {
  const empty = { ...plan, version: 0, sites: [], stores: [], monitors: [] };
  return { ...createInstanceState(empty, now()), agents: restoreAgents(memory.listKnownAgents(), [], {}) };
}

function findBlocker(state: InstanceState, next: Plan, confirmedBy: string | null): string | null {
  const removal = findUnconfirmedRemoval(state.plan, next, confirmedBy);
  if (removal !== null) return `${removal}, which nobody confirmed`;
  return checkPlan(state, next)[0]?.because.text ?? null;
}
