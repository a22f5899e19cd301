import { z } from "zod";
import { EdgeSight } from "./edge-sight.ts";
import { Because, InstanceEvent } from "./event.ts";
import { ADDRESSES_MAX, Heartbeat, JudgementPart } from "./observation.ts";
import { ArbitrationSettings, MaintenanceWindow, SiteKind } from "./plan.ts";
import { DataCentreName } from "./route.ts";

/**
 * What a site says of a target [SAFE-2]. Only `down` counts as down. `failing` is on the way there; `blind`, `ill` and
 * `silent` say nothing but excuse the site; `absent` is a silence that may be our own (a restart) and excuses nobody.
 */
export const Vote = z.enum(["up", "down", "failing", "blind", "ill", "silent", "absent"]);
export type Vote = z.infer<typeof Vote>;

/** State of one data centre of a monitor, with `init` before the first verdict and `paused` when not monitored. */
export const TargetState = z.enum([
  "normal",
  "abnormal",
  "init-failed",
  "misconfigured",
  "unreachable",
  "init",
  "paused",
]);
export type TargetState = z.infer<typeof TargetState>;

/** How far a monitor is protected against one fault [SAFE-12]. */
export const Protection = z.object({
  level: z.enum(["automatic", "one-click", "observe", "off"]),
  because: Because,
});
export type Protection = z.infer<typeof Protection>;

/** One fault, and what the arbitration would make of it if it came now [SAFE-12]. */
export const Foretold = z.object({
  fault: z.enum(["target-lost", "site-lost"]),
  /** Data centre or site that is imagined lost. */
  lost: z.string(),
  level: Protection.shape.level,
  /** Where it would switch to; null: nowhere. */
  to: DataCentreName.nullable(),
  /** The sentence of the rule that would fire. */
  because: Because,
  /** Everything that stands between this monitor and an automatic switch, the first blocker first. */
  blockers: z.array(Because).max(40),
  /** The earliest time from the fault to the decision, in ms, by the monitor's timing; null: nothing would be decided. */
  decidesInMs: z.number().int().min(0).nullable(),
});
export type Foretold = z.infer<typeof Foretold>;

/** What would happen to a monitor if its active data centre, or that one's site, died now. */
export const Explanation = z.object({ monitorId: z.string(), foretold: z.array(Foretold).max(2) });
export type Explanation = z.infer<typeof Explanation>;

/** How a site stands to the control plane: `lost` is a verdict of all other sites, `unheard` is our own silence. */
export const SiteState = z.enum(["connected", "partly", "unheard", "lost", "empty"]);
export type SiteState = z.infer<typeof SiteState>;

/** A site as people see it. */
export const LiveSite = z.object({
  id: z.string(),
  name: z.string(),
  kind: SiteKind,
  state: SiteState,
  because: Because,
  /** Ms since the last of its agents was heard; null while one is, or before any was. */
  unheardForMs: z.number().nullable(),
  /** Monitors whose active data centre stands there: what a one-click plan would move. */
  active: z.array(z.string()),
});
export type LiveSite = z.infer<typeof LiveSite>;

/** One data centre of a monitor as people see it. */
export const LiveDataCentre = z.object({
  name: DataCentreName,
  site: z.string(),
  state: TargetState,
  /** The verdict's words: why, with the engine's code and latency. */
  words: z.string(),
  code: z.string().nullable(),
  advice: z.string().nullable(),
  readable: z.boolean(),
  writable: z.boolean(),
  latencyMs: z.number().nullable(),
  /** Each site's vote by site id. */
  votes: z.record(z.string(), Vote),
  /** Milliseconds of unbroken health, as far as this object has seen it; null while not healthy. */
  healthyForMs: z.number().nullable(),
  /** How a public target looks to the control plane itself; null or absent: it does not ask. */
  edge: EdgeSight.nullish(),
  /** Each address on its own, where there are several. */
  parts: z.array(JudgementPart).max(ADDRESSES_MAX).nullish(),
  /** What heartbeats found out; null or absent: the monitor has no heartbeat account. */
  heartbeat: Heartbeat.nullish(),
});
export type LiveDataCentre = z.infer<typeof LiveDataCentre>;

/** One monitor as people see it. */
export const LiveMonitor = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  applicationId: z.string(),
  switchable: z.boolean(),
  monitored: z.boolean(),
  automatic: z.boolean(),
  /** The maintenance window that is open now; null: none. */
  window: MaintenanceWindow.nullable(),
  armed: z.boolean(),
  home: DataCentreName,
  active: DataCentreName,
  epoch: z.number().int(),
  decision: z.string(),
  /** The worst of its data centres: what the list's colour shows. */
  state: TargetState,
  /** Warning beside the state: precision 2 with one up vote, standby not ready. */
  marks: z.array(z.enum(["standby-not-ready", "one-observer-only", "split-brain-suspected"])),
  dataCentres: z.array(LiveDataCentre),
  protection: z.object({ targetLost: Protection, siteLost: Protection }),
  /** The running switch; null when there is none. */
  switching: z
    .object({
      to: DataCentreName,
      epoch: z.number().int(),
      step: z.string(),
      sinceMs: z.number(),
      /** `automatic`, `operator`, `force`, `access` or `plan`. */
      kind: z.string(),
    })
    .nullable(),
  /** Stores that do not have the present route yet; they get it as soon as an agent reaches them. */
  owedStores: z.array(z.string()),
  /** Registered processes that follow this monitor, and how many of them follow its present route; null: nobody told. */
  processes: z.object({ total: z.number().int(), following: z.number().int() }).nullish(),
});
export type LiveMonitor = z.infer<typeof LiveMonitor>;

export const LiveAgent = z.object({
  id: z.string(),
  name: z.string(),
  site: z.string(),
  connected: z.boolean(),
  /** Version and host from its last hello; null before the first. */
  version: z.string().nullable(),
  host: z.string().nullable(),
  illness: z.string().nullable(),
});
export type LiveAgent = z.infer<typeof LiveAgent>;

/** The whole picture of an instance: what consoles get after each change (at most 4 a second) and `GET …/live` answers. */
export const LiveView = z.object({
  instanceId: z.string(),
  name: z.string(),
  planVersion: z.number().int(),
  atMs: z.number().int(),
  settings: ArbitrationSettings,
  sites: z.array(LiveSite),
  agents: z.array(LiveAgent),
  stores: z.array(z.object({ id: z.string(), name: z.string(), reachable: z.boolean(), words: z.string() })),
  monitors: z.array(LiveMonitor),
  /** The latest events, newest first. */
  events: z.array(InstanceEvent),
});
export type LiveView = z.infer<typeof LiveView>;

/** Events that a live view carries at most. */
export const LIVE_EVENTS_MAX = 50;

/** A frame to a console. */
export const ConsoleFrame = z.object({ type: z.literal("view"), view: LiveView });
export type ConsoleFrame = z.infer<typeof ConsoleFrame>;
