import { z } from "zod";
import { DataCentreName } from "./route.ts";

/** What can happen to an instance; closed, so that every reader handles all. */
export const EventType = z.enum([
  "state-changed",
  "switch-announced",
  "switch-decided",
  "switch-finished",
  "switch-failed",
  "switch-blocked",
  "would-switch",
  "one-click",
  "armed",
  "access-changed",
  "mode-changed",
  "plan-applied",
  "plan-held",
  "split-brain-suspected",
  "route-adopted",
  "agent-lost",
  "agent-returned",
  "agent-enrolled",
  "site-lost",
  "site-returned",
  "switch-replaced",
  "switch-stuck",
  "switch-followed",
  "switch-unfollowed",
  "edge-failed",
  "edge-recovered",
  "store-unreachable",
  "store-reachable",
]);
export type EventType = z.infer<typeof EventType>;

export const EventLevel = z.enum(["info", "minor", "major", "critical"]);
export type EventLevel = z.infer<typeof EventLevel>;

/** What fills the blanks of a sentence. */
export const SentenceParams = z.record(z.string(), z.union([z.string(), z.number()]));
export type SentenceParams = z.infer<typeof SentenceParams>;

/** A sentence of the table in contracts/sentences.ts with its blanks filled. */
export const Because = z.object({
  /** Key of the sentence; for a decision the id of the rule that fired. */
  id: z.string().max(40),
  params: SentenceParams,
  /** The sentence in English, for logs and for readers without the table. */
  text: z.string().max(1000),
});
export type Because = z.infer<typeof Because>;

/** One step on the time line of a switch; `atMs` is the control plane's wall clock, for display [SAFE-10]. */
export const TimeMark = z.object({
  mark: z.enum([
    "first-failed-probe",
    "vote",
    "site-lost",
    "verdict",
    "confirmed",
    "announced",
    "drained",
    "decided",
    "commanded",
    "route-written",
    "process-followed",
    "finished",
  ]),
  atMs: z.number().int(),
  /** Site, agent or store that the mark belongs to. */
  who: z.string().max(100).nullable(),
  words: z.string().max(500),
});
export type TimeMark = z.infer<typeof TimeMark>;

/** One event of an instance, as stored, shown and sent on. */
export const InstanceEvent = z.object({
  id: z.string().max(64),
  /** Wall clock of the control plane in ms since 1970, for display. */
  atMs: z.number().int(),
  type: EventType,
  level: EventLevel,
  monitorId: z.string().max(64).nullable(),
  dataCentre: DataCentreName.nullable(),
  because: Because,
  decision: z.string().max(64).nullable(),
  epoch: z.number().int().nullable(),
  timeLine: z.array(TimeMark).max(200),
  /**
   * Recovery time of a finished switch in ms, from the first failed probe (a person's switch: from the decision) to
   * the last store that took the route, with `switch-followed` to the last process that follows it; null or absent for
   * everything else.
   */
  rtoMs: z.number().int().min(0).nullish(),
});
export type InstanceEvent = z.infer<typeof InstanceEvent>;
