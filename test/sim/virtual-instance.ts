import { AgentFrame, PING, PONG } from "@evenkeel/contracts/agent-protocol";
import type { InstanceEvent } from "@evenkeel/contracts/event";
import type { Plan } from "@evenkeel/contracts/plan";
import { makeRows } from "@evenkeel/core/arbitration/monitor-rows";
import type { MonitorState, OperatorCommand, SettledCommand } from "@evenkeel/core/arbitration/state";
import { type FrameParts, takeEnd, takeFrame } from "../../durable-objects/instance/agent-frames.ts";
import { Arbiter } from "../../durable-objects/instance/arbiter.ts";
import { Connections } from "../../durable-objects/instance/connections.ts";
import type { InstanceMemory, KnownAgent } from "../../durable-objects/instance/ports.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";
import type { VirtualSocket } from "./virtual-socket.ts";

/** The control plane's wall clock at virtual time 0, in ms since 1970. */
const EPOCH_MS = 1_790_000_000_000;

/** Thrown at an injected crash: nothing after it happens. */
class Crash extends Error {}

/** The rows of the object's storage. Values are never changed in place, so that a copy of the maps is a backup. */
interface Rows {
  plan: Plan | null;
  held: string | null;
  monitors: Record<string, MonitorState>;
  events: readonly InstanceEvent[];
}

/** Where the next transaction crashes. */
export type CrashPoint = "before-commit" | "after-commit" | null;

/** A Durable Object on virtual time: the real shell and core, with storage in memory. */
export interface VirtualInstance {
  accept(socket: VirtualSocket, agent: KnownAgent): void;
  take(socket: VirtualSocket, text: string): void;
  ended(socket: VirtualSocket): void;
  applyPlan(plan: Plan): void;
  command(monitorId: string, order: OperatorCommand): readonly SettledCommand[];
  /** The object leaves memory; its sockets stay. */
  evict(): void;
  /** The object starts anew and all sockets are cut. */
  deploy(): void;
  crashAtNextCommit(point: CrashPoint): void;
  backUp(): void;
  restore(): boolean;
  jumpClock(ms: number): void;
  delayAlarms(ms: number): void;
  /** The committed row of a monitor. */
  row(monitorId: string): MonitorState | null;
}

/** Who looks on. */
export interface InstanceObserver {
  readonly onCommit: (before: MonitorState | null, after: MonitorState) => void;
  readonly onRestore: () => void;
  readonly onReply: (reply: SettledCommand) => void;
}

/**
 * Makes an instance without a plan.
 *
 * @param timeline virtual time
 * @param random makes ids and nonces
 * @param agents who is enrolled
 * @param observer the oracles
 */
export function createVirtualInstance(
  timeline: Timeline,
  random: Random,
  agents: readonly KnownAgent[],
  observer: InstanceObserver,
): VirtualInstance {
  let rows: Rows = { plan: null, held: null, monitors: {}, events: [] };
  let backup: Rows | null = null;
  let crash: CrashPoint = null;
  let jumpMs = 0;
  let alarmDelayMs = 0;
  let endAlarm: () => void = () => undefined;
  const sockets = new Map<unknown, VirtualSocket>();
  let parts: FrameParts | null = null;

  const now = () => EPOCH_MS + timeline.now() + jumpMs;
  const memory: InstanceMemory = {
    readState: (startedAtMs) =>
      rows.plan === null
        ? null
        : {
            plan: rows.plan,
            startedAtMs,
            agents: {},
            monitors: makeRows(Object.values(rows.monitors)),
            siteAlarms: {},
          },
    store(changes) {
      const point = crash;
      if (point === "before-commit") {
        crash = null;
        throw new Crash();
      }
      const before = rows.monitors;
      const monitors = { ...before };
      for (const [id, monitor] of Object.entries(changes.monitors)) {
        if (monitor === null) delete monitors[id];
        else monitors[id] = monitor;
      }
      const events = [...changes.events].reverse();
      rows = {
        ...rows,
        plan: changes.plan ?? rows.plan,
        monitors,
        events: [...events, ...rows.events].slice(0, 50),
      };
      for (const [id, monitor] of Object.entries(changes.monitors)) {
        if (monitor !== null) observer.onCommit(before[id] ?? null, monitor);
      }
      if (point === "after-commit") {
        crash = null;
        throw new Crash();
      }
    },
    listEvents: (limit) => rows.events.slice(0, limit),
    listKnownAgents: () => [...agents],
    readHeldPlan: () => rows.held,
    writeHeldPlan: (text) => {
      rows = { ...rows, held: text };
    },
  };

  function wake(): FrameParts {
    if (parts !== null) return parts;
    const connections = new Connections({
      acceptWebSocket: () => undefined,
      getWebSockets: (tag) =>
        tag === "agent"
          ? [...sockets.values()].filter((one) => !one.server.closed).map((one) => one.server)
          : [],
      getWebSocketAutoResponseTimestamp: (socket) => {
        const pongedAtMs = sockets.get(socket)?.server.pongedAtMs ?? 0;
        return pongedAtMs === 0 ? null : new Date(pongedAtMs);
      },
    });
    const entropy = () => Array.from({ length: 20 }, () => random.between(0, 31).toString(32)).join("");
    const arbiter = new Arbiter({
      ports: { now, entropy, memory, setAlarm, pullPlan: () => Promise.resolve(null) },
      connections,
      onSettled: observer.onReply,
    });
    const waitUntil = () => undefined;
    parts = { connections, arbiter, now, waitUntil, onTested: () => undefined };
    return parts;
  }

  function setAlarm(atMs: number): void {
    endAlarm();
    endAlarm = timeline.after(atMs - now() + alarmDelayMs, () => guard((woken) => woken.arbiter.alarm()));
  }

  /** A crash takes the object with its sockets; the runtime makes a new one at the next event. */
  function guard(act: (woken: FrameParts) => void): void {
    try {
      act(wake());
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      restart();
    }
  }

  function restart(): void {
    parts = null;
    for (const socket of sockets.values()) {
      socket.server.closed = true;
      socket.cut("the control plane restarted");
    }
    sockets.clear();
    // An alarm that is stored outlives the object.
    endAlarm();
    setAlarm(now() + 1000);
  }

  return {
    accept(socket, agent) {
      sockets.set(socket.server, socket);
      guard((woken) => woken.connections.acceptAgent(socket.server, agent, now()));
    },
    take(socket, text) {
      if (!sockets.has(socket.server)) return;
      if (text === PING) {
        socket.server.pongedAtMs = now();
        socket.server.send(PONG);
        return;
      }
      const frame = AgentFrame.parse(JSON.parse(text));
      guard((woken) => takeFrame(woken, socket.server, frame));
    },
    ended(socket) {
      if (sockets.delete(socket.server)) guard((woken) => takeEnd(woken, socket.server));
    },
    applyPlan: (plan) => guard((woken) => void woken.arbiter.applyPlan(plan, "confirmed")),
    command(monitorId, order) {
      let replies: readonly SettledCommand[] = [];
      guard((woken) => {
        replies = woken.arbiter.turn({ type: "command", monitorId, order, principal: "operator:ann" });
      });
      return replies;
    },
    evict: () => {
      parts = null;
    },
    deploy: restart,
    crashAtNextCommit: (point) => {
      crash = point;
    },
    backUp: () => {
      backup = rows;
    },
    restore() {
      if (backup === null) return false;
      rows = backup;
      observer.onRestore();
      restart();
      return true;
    },
    jumpClock: (ms) => {
      jumpMs += ms;
    },
    delayAlarms: (ms) => {
      alarmDelayMs = ms;
    },
    row: (monitorId) => rows.monitors[monitorId] ?? null,
  };
}
