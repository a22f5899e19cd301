import { z } from "zod";
import { Observation, WORDS_MAX } from "./observation.ts";
import { Plan } from "./plan.ts";
import { ProcessRecord } from "./process.ts";
import { Route } from "./route.ts";

/** Version of the frames below; a peer with another major is told so and closed. */
export const PROTOCOL_VERSION = 1;
/** Largest frame that either side accepts, in bytes. */
export const FRAME_MAX_BYTES = 4 * 1024 * 1024;
/** Text frames that the control plane answers without waking the object. */
export const PING = "ping";
export const PONG = "pong";
/** Milliseconds between two pings of an agent. */
export const PING_INTERVAL_MS = 1000;
/** Milliseconds between two sendings of a report that is not acknowledged. */
export const REPORT_REPEAT_MS = 1000;
/** Most observations in one frame: 1000 monitors in two data centres, twice over. */
export const OBSERVATIONS_MAX = 4000;
/** Close code of a socket whose frames cannot be read. */
export const CLOSE_MALFORMED = 4400;
/** Close code of a socket whose agent was removed or whose token is refused. */
export const CLOSE_REVOKED = 4401;
/** Close code of a socket replaced by a newer one of the same agent. */
export const CLOSE_REPLACED = 4409;
/** Close code of a peer with another protocol version. */
export const CLOSE_PROTOCOL = 4426;

const Nonce = z.string().min(8).max(64);

/** How an agent stands to one route store. */
export const StoreHealth = z.object({
  store: z.string().max(64),
  reachable: z.boolean(),
  /** Why not, in words; empty while reachable. */
  words: z.string().max(WORDS_MAX),
});
export type StoreHealth = z.infer<typeof StoreHealth>;

/** Why an agent doubts its own eyes [SAFE-2]; null: it does not. */
export const Illness = z
  .object({ cause: z.enum(["late-event-loop", "most-sites-fail"]), words: z.string().max(WORDS_MAX) })
  .nullable();
export type Illness = z.infer<typeof Illness>;

/** Where an agent listens for its peers, or for applications; the address is as seen by them. */
export const PeerAddress = z.object({
  host: z.string().min(1).max(253),
  port: z.number().int().min(1).max(65_535),
});
export type PeerAddress = z.infer<typeof PeerAddress>;

/** Links that one agent may report: to every agent of every other site. */
export const LINKS_MAX = 200;

/** How an agent stands to a peer of another site, measured by itself on its monotonic clock [SAFE-10]. */
export const PeerLink = z.object({
  agentId: z.string().max(64),
  /** Id of the peer's site. */
  site: z.string().max(64),
  /** `unknown`: the peer has not been reached since this process began, so that its silence says nothing. */
  state: z.enum(["up", "cut", "unknown"]),
  /** Milliseconds that the state has lasted. */
  ageMs: z.number().int().min(0),
  /** Round trip of the last answer in milliseconds; null before the first. */
  roundTripMs: z.number().min(0).nullable(),
});
export type PeerLink = z.infer<typeof PeerLink>;

/** First frame of an agent. `boot` is new with each start of its process. */
export const HelloFrame = z.object({
  type: z.literal("hello"),
  protocol: z.number().int(),
  boot: z.string().min(8).max(64),
  version: z.string().max(40),
  /** Version of the plan that it works from; 0: none. */
  planVersion: z.number().int().min(0),
  host: z.string().max(200),
  /** Where it listens for its peers; null or absent: nowhere. */
  peer: PeerAddress.nullish(),
  /** Where it tells applications their routes; null or absent: nowhere. */
  routes: PeerAddress.nullish(),
  /** Whether it can tell of applications' processes; absent: it is of a version that cannot. */
  tellsProcesses: z.boolean().optional(),
});

/** What changed, or everything after a connect. Repeated until (boot, seq) is acknowledged [SAFE-10]. */
export const ReportFrame = z.object({
  type: z.literal("report"),
  boot: z.string().max(64),
  seq: z.number().int().min(1),
  /** True if it holds every target; false: only those that changed. */
  full: z.boolean(),
  illness: Illness,
  stores: z.array(StoreHealth).max(20),
  /** Links to the agents of other sites; an agent without a peer port has none. */
  links: z.array(PeerLink).max(LINKS_MAX).default([]),
  observations: z.array(Observation).max(OBSERVATIONS_MAX),
});
export type ReportFrame = z.infer<typeof ReportFrame>;

/** The answer to an `ask`: the present state of the asked targets [SAFE-4]. */
export const AnswerFrame = z.object({
  type: z.literal("answer"),
  nonce: Nonce,
  illness: Illness,
  stores: z.array(StoreHealth).max(20),
  links: z.array(PeerLink).max(LINKS_MAX).default([]),
  observations: z.array(Observation).max(OBSERVATIONS_MAX),
});

/** What became of a route that an agent was told to write. */
export const WriteOutcome = z.discriminatedUnion("result", [
  /** The store has the route now; `written` false: it had it already. */
  z.object({ result: z.literal("stored"), written: z.boolean() }),
  /** The store holds a route that is newer than ours, or one that does not descend from ours. */
  z.object({ result: z.literal("ahead"), stored: Route }),
  z.object({ result: z.literal("fork"), stored: Route }),
  /** What stands there is not a route. */
  z.object({ result: z.literal("unreadable"), words: z.string().max(WORDS_MAX) }),
  z.object({ result: z.literal("failed"), words: z.string().max(WORDS_MAX) }),
]);
export type WriteOutcome = z.infer<typeof WriteOutcome>;

/** One (monitor, store) after a `write-routes` command or at a connect. */
export const WrittenFrame = z.object({
  type: z.literal("written"),
  results: z
    .array(
      z.object({
        monitorId: z.string().max(64),
        store: z.string().max(64),
        epoch: z.number().int().min(1),
        /** Step of the switch that this write belongs to; null: the store was brought up outside of a switch. */
        step: z.string().max(40).nullable(),
        /** Milliseconds from the receipt of the command to the store's acknowledgement. */
        tookMs: z.number().min(0),
        outcome: WriteOutcome,
      }),
    )
    .max(OBSERVATIONS_MAX),
});
export type WrittenFrame = z.infer<typeof WrittenFrame>;

/** Result of a connection test. */
export const TestedFrame = z.object({ type: z.literal("tested"), nonce: Nonce, observation: Observation });

/** Changes in one frame at most; a longer list comes in several. */
export const PROCESSES_FRAME_MAX = 200;

/** Processes that are registered in a store. */
export const ProcessesFrame = z.object({
  type: z.literal("processes"),
  store: z.string().max(64),
  /** True: a list of all begins, and what was told of this store before is void. */
  anew: z.boolean(),
  /** True: the next frame goes on with the list, which does not count before it is complete. */
  more: z.boolean(),
  processes: z
    .array(
      z.object({
        applicationId: z.string().max(64),
        id: z.string().max(64),
        /** Milliseconds since the agent heard of it [SAFE-10]. */
        ageMs: z.number().int().min(0),
        /** Null: it has ended. */
        record: ProcessRecord.nullable(),
      }),
    )
    .max(PROCESSES_FRAME_MAX),
});
export type ProcessesFrame = z.infer<typeof ProcessesFrame>;

export const AgentFrame = z.discriminatedUnion("type", [
  HelloFrame,
  ReportFrame,
  AnswerFrame,
  WrittenFrame,
  TestedFrame,
  ProcessesFrame,
]);
export type AgentFrame = z.infer<typeof AgentFrame>;

/** One route to bring into the stores, with the decisions that it descends from. */
export const RouteWrite = z.object({
  monitorId: z.string().max(64),
  applicationId: z.string().max(64),
  route: Route,
  /** Whether some store is known to hold it already; absent: it was not said. Until then it is an intention only. */
  acknowledged: z.boolean().optional(),
  /** Decision ids before `route.decision`, newest first: a store that holds one of them is merely behind. */
  ancestors: z.array(z.string().max(64)).max(32),
  step: z.string().max(40).nullable(),
});
export type RouteWrite = z.infer<typeof RouteWrite>;

/** First frame of the control plane. */
export const WelcomeFrame = z.object({
  type: z.literal("welcome"),
  protocol: z.number().int(),
  agentId: z.string().max(64),
  site: z.string().max(64),
  plan: Plan,
  /** Every route as the control plane knows it: the agent brings its stores up. */
  routes: z.array(RouteWrite).max(1000),
});
export const PlanFrame = z.object({ type: z.literal("plan"), plan: Plan });
export const AckFrame = z.object({
  type: z.literal("ack"),
  boot: z.string().max(64),
  seq: z.number().int().min(1),
});
/** The agents of other sites that listen for peers: all of them, whenever one of them changes. */
export const PeersFrame = z.object({
  type: z.literal("peers"),
  peers: z
    .array(
      z.object({
        agentId: z.string().max(64),
        site: z.string().max(64),
        address: PeerAddress,
        /** The key that it proves itself with: a public JWK (RFC 7517) as JSON. */
        publicKey: z.string().max(2000),
      }),
    )
    .max(LINKS_MAX),
});
export type PeersFrame = z.infer<typeof PeersFrame>;
/** Ask for the present state of targets. */
export const AskFrame = z.object({
  type: z.literal("ask"),
  nonce: Nonce,
  targets: z
    .array(z.object({ monitorId: z.string().max(64), dataCentre: z.string().max(8) }))
    .min(1)
    .max(OBSERVATIONS_MAX),
});
export const WriteRoutesFrame = z.object({
  type: z.literal("write-routes"),
  writes: z.array(RouteWrite).min(1).max(1000),
});
/** Probe a target that is not (yet) in the plan, once. */
export const TestFrame = z.object({
  type: z.literal("test"),
  nonce: Nonce,
  kind: z.string().max(32),
  accessTimeoutMs: z.number().int().min(100).max(100_000),
  target: Plan.shape.monitors.element.shape.dataCentres.element,
});

export type TestFrame = z.infer<typeof TestFrame>;

/** Of which stores this agent is to tell the processes: first all, then what changes. Others are told of by others. */
export const TellProcessesFrame = z.object({
  type: z.literal("tell-processes"),
  stores: z.array(z.string().max(64)).max(20),
});
export type TellProcessesFrame = z.infer<typeof TellProcessesFrame>;

export const EdgeFrame = z.discriminatedUnion("type", [
  WelcomeFrame,
  PlanFrame,
  AckFrame,
  AskFrame,
  WriteRoutesFrame,
  TestFrame,
  PeersFrame,
  TellProcessesFrame,
]);
export type EdgeFrame = z.infer<typeof EdgeFrame>;
