import type {
  AgentFrame,
  Illness,
  PeerLink,
  RouteWrite,
  StoreHealth,
} from "@evenkeel/contracts/agent-protocol";
import type {
  AccessCommand,
  ArmCommand,
  BatchCommand,
  CommandRefusal,
  CommandResult,
  SwitchCommand,
} from "@evenkeel/contracts/command";
import type { Because, InstanceEvent, TimeMark } from "@evenkeel/contracts/event";
import type { TargetState } from "@evenkeel/contracts/live";
import type { Observation } from "@evenkeel/contracts/observation";
import type { Plan, PlannedMonitor } from "@evenkeel/contracts/plan";
import type { Route } from "@evenkeel/contracts/route";
import type { StepPosition } from "../steps/machine.ts";
import type { Holders } from "./announce.ts";
import type { Moment } from "./moment.ts";
import type { MonitorRows } from "./monitor-rows.ts";

/** What the arbitration knows of one agent. `connected`, `heardAtMs` and `seen` are never stored: they are the shell's senses. */
export interface AgentState {
  readonly id: string;
  readonly name: string;
  readonly site: string;
  readonly connected: boolean;
  /** True once this incarnation of the object had a connection to it: only then its absence counts [SAFE-3]. */
  readonly seen: boolean;
  /** When it was last heard, pings included (control plane's clock, ms). */
  readonly heardAtMs: number;
  readonly boot: string | null;
  readonly host: string | null;
  readonly version: string | null;
  readonly illness: Illness;
  readonly stores: readonly StoreHealth[];
  /** Its links to the agents of other sites. */
  readonly links: readonly PeerLink[];
}

/** An observation as it was received. */
export interface SeenObservation {
  readonly observation: Observation;
  /** Control plane's clock in ms: its ages were right then. For display; what decides is asked for anew [SAFE-4]. */
  readonly receivedAtMs: number;
  /**
   * Set when it called the target down for longer than the monitor timeout while another domain saw it up:
   * this observer's way there is broken, so it is blind until it sees the target up again [SAFE-2].
   */
  readonly blinded: boolean;
}

/**
 * What a question is about: an automatic switch because of the target, one because of its whole site, a person's switch
 * that is being prechecked, or another candidate for a switch that no store has taken yet.
 */
export type QuestionSubject = "target" | "site" | "precheck" | "replacement";

/** Questions under way: an answer counts only with this nonce [SAFE-4]. */
export interface Asking {
  readonly nonce: string;
  readonly about: QuestionSubject;
  readonly askedAtMs: number;
  readonly deadlineMs: number;
  /** Agents that were connected and heard when the question went out. */
  readonly asked: readonly string[];
  /** Answers by agent id. */
  readonly answers: Readonly<Record<string, readonly Observation[]>>;
  readonly illness: Readonly<Record<string, Illness>>;
  readonly links: Readonly<Record<string, readonly PeerLink[]>>;
  /** Stores that an answering agent could reach. */
  readonly reachableStores: readonly string[];
}

/** One change of a route under way; at most one per monitor, whatever the clock says [SAFE-7]. */
export interface SwitchRun {
  readonly kind: "automatic" | "operator" | "force" | "access" | "announce";
  /** Where it stands in its list of steps (core/arbitration/switch-steps.ts). */
  readonly position: StepPosition;
  readonly from: string;
  readonly to: string;
  /** Epoch and decision that it makes; 0 and "" while it is still being prechecked. */
  readonly epoch: number;
  readonly decision: string;
  readonly because: Because;
  readonly principal: string;
  readonly idempotencyKey: string | null;
  readonly reason: string | null;
  readonly planVersion: number;
  readonly startedAtMs: number;
  /** For an announcement: how long it waits for what is under way, in ms. */
  readonly announcedMs?: number;
  /** The batch that it belongs to: its members are prechecked together, and move together or not at all. */
  readonly batch: { readonly key: string; readonly size: number } | null;
  readonly timeLine: readonly TimeMark[];
}

/** What a store is known to hold of a monitor's route. */
export interface HeldRoute {
  readonly epoch: number;
  readonly decision: string;
}

/** An operator's command that was answered: the same key gets the same answer. */
export interface RememberedCommand {
  readonly key: string;
  readonly reply: Reply;
}

/** The arbitration's row of one monitor. */
export interface MonitorState {
  readonly id: string;
  readonly applicationId: string;
  readonly route: Route;
  /** What each store is known to hold, by store id. A store that is not named here is owed the route. */
  readonly stores: Readonly<Record<string, HeldRoute>>;
  /** When the route was sent to the agents last (control plane's clock, ms). */
  readonly sentAtMs: number;
  /** Target version of each data centre that an agent of its own site saw up [SAFE-9]. */
  readonly proven: Readonly<Record<string, number>>;
  /** Decisions before the route's, newest first, at most ANCESTORS_MAX. */
  readonly ancestors: readonly string[];
  readonly armed: boolean;
  /** When a monitor that was switched back arms itself again; null: nothing is waiting. */
  readonly rearmAtMs: number | null;
  /** A route found in a store that does not descend from ours; while it stands nothing moves [SAFE-1]. */
  readonly fork: Route | null;
  /** By agent id, then data centre. */
  readonly observations: Readonly<Record<string, Readonly<Record<string, SeenObservation>>>>;
  /** Question for an automatic switch or for an operator's precheck. */
  readonly asking: Asking | null;
  /** Not before this time is another question asked after one that brought no decision. */
  readonly askAgainAtMs: number;
  readonly run: SwitchRun | null;
  /** Times of automatic switches within the budget's window. */
  readonly automaticAtMs: readonly number[];
  /** Rule whose alarm stands at present, so that it is raised once. */
  readonly alarm: string | null;
  /** State of each data centre as last reported in an event. */
  readonly shown: Readonly<Record<string, TargetState>>;
  readonly remembered: readonly RememberedCommand[];
}

/** Everything that deciding needs to know. */
export interface InstanceState {
  readonly plan: Plan;
  /** When this incarnation of the object began (control plane's clock, ms). */
  readonly startedAtMs: number;
  readonly agents: Readonly<Record<string, AgentState>>;
  readonly monitors: MonitorRows;
  /** Rule of the alarm that stands for a site, by site id. A sense, not stored: it may be raised anew after a restart. */
  readonly siteAlarms: Readonly<Record<string, string>>;
}

type FrameOf<Type extends AgentFrame["type"]> = Extract<AgentFrame, { type: Type }>;

/** An operator's command on one monitor. */
export type OperatorCommand =
  | { readonly type: "switch"; readonly command: SwitchCommand }
  | { readonly type: "access"; readonly command: AccessCommand }
  | { readonly type: "arm"; readonly command: ArmCommand };

/** What can happen to an instance. */
export type ArbitrationEvent =
  | { readonly type: "tick" }
  | { readonly type: "plan"; readonly plan: Plan }
  | {
      readonly type: "agent-connected";
      readonly agent: { readonly id: string; readonly name: string; readonly site: string };
      readonly hello: FrameOf<"hello">;
    }
  | { readonly type: "agent-disconnected"; readonly agentId: string }
  | { readonly type: "agent-removed"; readonly agentId: string }
  | { readonly type: "report"; readonly agentId: string; readonly frame: FrameOf<"report"> }
  | { readonly type: "answer"; readonly agentId: string; readonly frame: FrameOf<"answer"> }
  | { readonly type: "written"; readonly agentId: string; readonly frame: FrameOf<"written"> }
  | {
      readonly type: "command";
      readonly monitorId: string;
      readonly order: OperatorCommand;
      /** Who commands: shown in the route and in events. */
      readonly principal: string;
    }
  | { readonly type: "batch"; readonly order: BatchCommand; readonly principal: string };

/** What the shell tells with every event: its clock, fresh randomness, and what it hears of agents and processes. */
export interface Surroundings {
  /** Control plane's clock, ms since 1970. */
  readonly now: number;
  /** At least 16 random characters [a-z0-9]: ids and nonces are derived from it. */
  readonly entropy: string;
  /** When each connected agent was last heard, pings included, by agent id. */
  readonly heard: Readonly<Record<string, number>>;
  /** How processes hold new writes, by monitor id; a monitor without any such process is not named. */
  readonly holders: Readonly<Record<string, Holders>>;
}

/** What is to be done after the new state has been stored; every act may be repeated [SAFE-7]. */
export type Effect =
  | {
      readonly type: "ask";
      readonly agentIds: readonly string[];
      readonly nonce: string;
      readonly targets: readonly { readonly monitorId: string; readonly dataCentre: string }[];
    }
  | {
      readonly type: "write-routes";
      readonly agentIds: readonly string[];
      readonly writes: readonly RouteWrite[];
    }
  | { readonly type: "record"; readonly event: InstanceEvent };

/** What an operator's command came to. */
export type Reply =
  | { readonly ok: true; readonly result: CommandResult }
  | { readonly ok: false; readonly refusal: CommandRefusal };

/** The answer to a command. One that is not final says `running`; the final one follows when the switch is done. */
export interface SettledCommand {
  readonly monitorId: string;
  readonly idempotencyKey: string;
  readonly reply: Reply;
  readonly final: boolean;
}

/** The outcome of deciding. */
export interface Decision {
  readonly state: InstanceState;
  readonly effects: readonly Effect[];
  /** Monitors whose row changed and must be stored, by id; null: it was deleted. */
  readonly changed: Readonly<Record<string, MonitorState | null>>;
  /** Answers to operators' commands, of this event or of an earlier one, by (monitor, idempotency key). */
  readonly replies: readonly SettledCommand[];
}

/** One monitor with everything that its rules look at. */
export interface Case {
  readonly instance: InstanceState;
  readonly planned: PlannedMonitor;
  readonly monitor: MonitorState;
  readonly now: number;
  readonly moment: Moment;
}

/** Ancestors that a monitor remembers. */
export const ANCESTORS_MAX = 32;
/** Operator commands that a monitor remembers by their key. */
export const REMEMBERED_MAX = 20;
/** Marks on one time line. */
export const TIME_MARKS_MAX = 100;
/** After a question without a decision the next one waits so long. */
export const ASK_AGAIN_MS = 1000;
/** A route of a running switch is sent again after so long to stores that are there and have not got it. */
export const RESEND_MS = 500;
/** Outside of a switch a store that is owed a route gets it again after so long. */
export const OWED_RESEND_MS = 5000;
/** Monitors in one question or in one command to the agents; more make several. */
export const FRAME_MONITORS_MAX = 1000;
/** While anything is wrong the object looks again at least this often, which also keeps it in memory. */
export const WATCHFUL_MS = 5000;
/** Window of the daily budget. */
export const DAY_MS = 86_400_000;
