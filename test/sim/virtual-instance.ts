import { AgentFrame, type EdgeFrame, PING, PONG } from "@evenkeel/contracts/agent-protocol";
import type { BatchCommand } from "@evenkeel/contracts/command";
import type { InstanceEvent } from "@evenkeel/contracts/event";
import type { LiveView } from "@evenkeel/contracts/live";
import type { Plan } from "@evenkeel/contracts/plan";
import type { Holders } from "@evenkeel/core/arbitration/announce";
import { makeRows } from "@evenkeel/core/arbitration/monitor-rows";
import type { MonitorState, OperatorCommand, SettledCommand } from "@evenkeel/core/arbitration/state";
import { type FrameParts, takeEnd, takeFrame } from "../../durable-objects/instance/agent-frames.ts";
import { Arbiter } from "../../durable-objects/instance/arbiter.ts";
import { Connections } from "../../durable-objects/instance/connections.ts";
import { createFollowing } from "../../durable-objects/instance/following.ts";
import type {
  Changes,
  InstanceMemory,
  KnownAgent,
  PulledPlan,
} from "../../durable-objects/instance/ports.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";
import { createVirtualDirectory, NO_PEERS, type PeerRows } from "./virtual-peers.ts";
import type { VirtualSocket } from "./virtual-socket.ts";

/** The control plane's wall clock at virtual time 0, in ms since 1970. */
const EPOCH_MS = 1_790_000_000_000;
/** A restarted object looks after itself within this time, in virtual milliseconds. */
const RESTART_ALARM_MS = 1000;
/** Digits of one decision's entropy after the object's own salt. */
const ENTROPY_DIGITS = 12;
const SALT_MIN = 36 ** 7;
const SALT_MAX = 36 ** 8 - 1;

/** Thrown at an injected crash: nothing after it happens. */
class Crash extends Error {}

/** The rows of the object's storage. Values are never changed in place, so that a copy of the maps is a backup. */
interface Rows {
  plan: Plan | null;
  held: string | null;
  peers: PeerRows;
  monitors: Record<string, MonitorState>;
  events: readonly InstanceEvent[];
}

/** Where the next transaction crashes. */
export type CrashPoint = "before-commit" | "after-commit" | null;

type WriteRoutes = Extract<EdgeFrame, { type: "write-routes" }>;

/** What is kept on disk. */
export interface Disk {
  readonly rows: Rows;
}

/** A Durable Object on virtual time: the real shell and core, with storage in memory. */
export interface VirtualInstance {
  accept(socket: VirtualSocket, agent: KnownAgent): void;
  take(socket: VirtualSocket, text: string): void;
  ended(socket: VirtualSocket): void;
  applyPlan(plan: Plan): void;
  command(monitorId: string, order: OperatorCommand): readonly SettledCommand[];
  batch(order: BatchCommand): readonly SettledCommand[];
  /** The object leaves memory; its sockets stay. */
  evict(): void;
  /** The object starts anew and all sockets are cut. */
  deploy(): void;
  crashAtNextCommit(point: CrashPoint): void;
  backUp(): void;
  restore(): boolean;
  jumpClock(ms: number): void;
  delayAlarms(ms: number): void;
  /** The object ends for good and its sockets are cut: only a twin does that. */
  end(): void;
  disk(): Disk;
  /** The committed row of a monitor. */
  row(monitorId: string): MonitorState | null;
  /** The committed plan. */
  plan(): Plan | null;
  /** When a question was sent, in virtual ms; null: it never was. */
  askedAtMs(nonce: string): number | null;
  /** Questions that were sent so far. */
  questions(): number;
  /** Recorded events, newest first. */
  events(): readonly InstanceEvent[];
  /** The picture that people would see now. */
  view(): LiveView | null;
}

/** Who looks on. */
export interface InstanceObserver {
  readonly onCommit: (before: MonitorState | null, after: MonitorState, self: VirtualInstance) => void;
  readonly onPlan: (plan: Plan, self: VirtualInstance) => void;
  /** Events were stored, oldest first. */
  readonly onRecorded: (events: readonly InstanceEvent[]) => void;
  readonly onRestore: (self: VirtualInstance) => void;
  readonly onReply: (reply: SettledCommand) => void;
  /** A rule of the shell was broken. */
  readonly onBroken: (rule: string, words: string) => void;
}

/** What an object is made from. */
export interface InstanceParts {
  readonly timeline: Timeline;
  readonly random: Random;
  /** Who is enrolled. */
  readonly agents: readonly KnownAgent[];
  readonly observer: InstanceObserver;
  /** The latest plan of the catalogue; null: it does not answer. */
  readonly published: () => Plan | null;
  /** Whether agents' frames are checked against their schema, as the real object does with each. */
  readonly checksFrames: boolean;
  /** Whether processes of every other monitor hold new writes. */
  readonly holds: boolean;
  /** When each question was sent, in virtual ms by nonce: a twin goes on with those of the object whose disk it has. */
  readonly asked: Map<string, number>;
  /** What its disk holds; absent: nothing. */
  readonly disk?: Disk;
}

const EMPTY: Rows = { plan: null, held: null, peers: NO_PEERS, monitors: {}, events: [] };
/** Recorded events that are kept. */
const EVENTS_KEPT = 200;
/** For how long the processes of a monitor hold new writes, in ms. */
const HOLD_MS = 2000;
const ASK = '{"type":"ask","nonce":"';
const WRITE = '{"type":"write-routes"';
const ACK = '{"type":"ack"';

/**
 * Makes an object.
 *
 * @param parts time, randomness, who is enrolled, the oracles and what the disk holds
 */
export function createVirtualInstance(parts: InstanceParts): VirtualInstance {
  const { timeline, random, agents, observer } = parts;
  let rows: Rows = parts.disk?.rows ?? EMPTY;
  let backup: Rows | null = null;
  let crash: CrashPoint = null;
  let jumpMs = 0;
  let alarmDelayMs = 0;
  let alarm: { atMs: number; end: () => void } | null = null;
  let ended = false;
  /** Transactions so far, and how many there were when the present report came. */
  let commits = 0;
  /** Fresh characters need not be random here, only never the same: no two objects share a salt. */
  const salt = random.between(SALT_MIN, SALT_MAX).toString(36);
  let drawn = 0;
  let commitsBefore: number | null = null;
  const sockets = new Map<unknown, VirtualSocket>();
  const { asked } = parts;
  let awake: FrameParts | null = null;

  const now = () => EPOCH_MS + timeline.now() + jumpMs;

  function crashIf(point: CrashPoint): void {
    if (crash !== point) return;
    crash = null;
    throw new Crash();
  }

  function commit(changes: Changes): void {
    crashIf("before-commit");
    commits += 1;
    const before = rows.monitors;
    const monitors = { ...before };
    for (const [id, monitor] of Object.entries(changes.monitors)) {
      if (monitor === null) delete monitors[id];
      else monitors[id] = monitor;
    }
    const events =
      changes.events.length === 0
        ? rows.events
        : [...changes.events.toReversed(), ...rows.events].slice(0, EVENTS_KEPT);
    if (changes.plan !== null) observer.onPlan(changes.plan, self);
    rows = { ...rows, plan: changes.plan ?? rows.plan, monitors, events };
    for (const [id, monitor] of Object.entries(changes.monitors)) {
      if (monitor !== null) observer.onCommit(before[id] ?? null, monitor, self);
    }
    if (changes.events.length > 0) observer.onRecorded(changes.events);
    crashIf("after-commit");
  }

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
    store: commit,
    listEvents: (limit) => rows.events.slice(0, limit),
    listKnownAgents: () => [...agents],
    listLinks: () => rows.peers.told,
    readHeldPlan: () => rows.held,
    writeHeldPlan: (text) => {
      rows = { ...rows, held: text };
    },
  };

  function wake(): FrameParts {
    if (awake !== null) return awake;
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
    const entropy = () => {
      drawn += 1;
      return `${salt}${drawn.toString(36).padStart(ENTROPY_DIGITS, "0")}`;
    };
    const following = { ...createFollowing(connections), holders };
    const arbiter = new Arbiter({
      ports: { now, entropy, memory, setAlarm, pullPlan },
      connections,
      following,
      edgeSights: { find: () => null },
      onSettled: observer.onReply,
    });
    const peers = createVirtualDirectory(agents, {
      get: () => rows.peers,
      set: (next) => {
        rows = { ...rows, peers: next };
      },
    });
    awake = { connections, arbiter, peers, following, now, waitUntil, onTested: () => undefined };
    return awake;
  }

  /** The processes of every other monitor hold new writes; they are ready at some time, or never. */
  function holders(): Record<string, Holders> {
    if (!parts.holds) return {};
    const holding = Object.entries(rows.monitors).filter((_, index) => index % 2 === 0);
    return Object.fromEntries(
      holding.map(([id, { route }]) => {
        return [id, { holdMs: HOLD_MS, drainedEpoch: commits % 4 === 0 ? route.epoch : 0 }];
      }),
    );
  }

  function setAlarm(atMs: number): void {
    alarm?.end();
    const end = timeline.after(atMs - now() + alarmDelayMs, ring);
    alarm = { atMs, end };
  }

  function ring(): void {
    if (!ended) guard((woken) => woken.arbiter.alarm());
  }

  async function pullPlan(): Promise<PulledPlan | null> {
    const plan = parts.published();
    return plan === null ? null : { plan, confirmedBy: "confirmed" };
  }

  function waitUntil(going: Promise<void>): void {
    void going.catch((error: unknown) => {
      if (error instanceof Crash) restart();
      else
        observer.onBroken("CRASH", error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
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
    awake = null;
    for (const socket of sockets.values()) {
      socket.server.closed = true;
      socket.cut("the control plane restarted");
    }
    sockets.clear();
    // An alarm that is stored outlives the object.
    setAlarm(now() + RESTART_ALARM_MS);
  }

  function watchSent(text: string): void {
    if (text.startsWith(ASK)) {
      const nonce = text.slice(ASK.length, text.indexOf('"', ASK.length));
      if (!asked.has(nonce)) asked.set(nonce, timeline.now());
    } else if (text.startsWith(WRITE)) {
      const { writes }: Pick<WriteRoutes, "writes"> = JSON.parse(text);
      for (const { monitorId, route } of writes) {
        if (rows.monitors[monitorId]?.route.decision === route.decision) continue;
        observer.onBroken("SAFE-7", `epoch ${route.epoch} of ${monitorId} was sent before it was stored`);
      }
    } else if (text.startsWith(ACK) && commitsBefore !== null && commits === commitsBefore) {
      observer.onBroken("SAFE-10", "a report was acknowledged before it was stored");
    }
  }

  const self: VirtualInstance = {
    accept(socket, agent) {
      sockets.set(socket.server, socket);
      socket.onSent = watchSent;
      guard((woken) => woken.connections.acceptAgent(socket.server, agent, now()));
    },
    take(socket, text) {
      if (!sockets.has(socket.server)) return;
      if (text === PING) {
        socket.server.pongedAtMs = now();
        socket.server.send(PONG);
        return;
      }
      const parsed: AgentFrame = JSON.parse(text);
      const frame = parts.checksFrames ? AgentFrame.parse(parsed) : parsed;
      commitsBefore = frame.type === "report" && rows.plan !== null ? commits : null;
      guard((woken) => takeFrame(woken, socket.server, frame));
      commitsBefore = null;
    },
    ended(socket) {
      if (sockets.delete(socket.server)) guard((woken) => takeEnd(woken, socket.server));
    },
    applyPlan: (plan) => guard((woken) => void woken.arbiter.applyPlan(plan, "confirmed")),
    command(monitorId, order) {
      let replies: readonly SettledCommand[] = [];
      guard((woken) => {
        replies = woken.arbiter.turn({ type: "command", monitorId, order, principal: "ann" });
      });
      return replies;
    },
    batch(order) {
      let replies: readonly SettledCommand[] = [];
      guard((woken) => {
        replies = woken.arbiter.turn({ type: "batch", order, principal: "ann" });
      });
      return replies;
    },
    evict: () => {
      awake = null;
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
      observer.onRestore(self);
      restart();
      return true;
    },
    jumpClock: (ms) => {
      jumpMs += ms;
    },
    delayAlarms: (ms) => {
      alarmDelayMs = ms;
      // What is late comes as soon as nothing holds it up any more.
      if (alarm !== null && ms === 0) setAlarm(alarm.atMs);
    },
    end() {
      ended = true;
      alarm?.end();
      for (const socket of [...sockets.values()]) {
        socket.server.closed = true;
        socket.cut("this object is gone");
      }
      sockets.clear();
    },
    disk: () => ({ rows }),
    row: (monitorId) => rows.monitors[monitorId] ?? null,
    plan: () => rows.plan,
    askedAtMs: (nonce) => asked.get(nonce) ?? null,
    questions: () => asked.size,
    events: () => rows.events,
    view: () => wake().arbiter.view(),
  };
  return self;
}
