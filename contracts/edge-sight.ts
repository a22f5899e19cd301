import { z } from "zod";
import { Verdict, WORDS_MAX } from "./observation.ts";
import { DataCentreName } from "./route.ts";

/** How a public target looks to the control plane itself, which asks once a minute. It is shown, and decides nothing. */
export const EdgeSight = z.object({
  verdict: Verdict,
  words: z.string().max(WORDS_MAX),
  /** Status code or the like; null: none came. */
  code: z.string().max(60).nullable(),
  /** What to check next; null: nothing known. */
  advice: z.string().max(WORDS_MAX).nullable(),
  /** How long the answer took, in milliseconds; null: there was none. */
  latencyMs: z.number().min(0).nullable(),
  /** Wall clock of the control plane when it had asked, in ms since 1970. */
  atMs: z.number().int(),
  /** What the monitor's thresholds make of it; null: too few probes so far. */
  healthy: z.boolean().nullable(),
  /** Probes in a row that say the same, success or failure; counted up to the largest threshold. */
  inARow: z.number().int().min(1),
});
export type EdgeSight = z.infer<typeof EdgeSight>;

/** One target that the control plane itself asks, and what it sends there. */
export const EdgeTarget = z.object({
  monitorId: z.string().max(64),
  dataCentre: DataCentreName,
  targetVersion: z.number().int(),
  request: z.object({
    url: z.string(),
    method: z.string(),
    /** Public ones only: secret ones are sealed to the agents. */
    headers: z.record(z.string(), z.string()),
  }),
  accessTimeoutMs: z.number().int().min(1),
});
export type EdgeTarget = z.infer<typeof EdgeTarget>;

/** What the control plane itself sends to a public target; its answer's status is the sample. */
export type EdgeRequest = EdgeTarget["request"];

/** What came of asking one target. */
export const EdgeProbe = z.object({
  ...EdgeTarget.pick({ monitorId: true, dataCentre: true, targetVersion: true }).shape,
  outcome: z.discriminatedUnion("type", [
    z.object({
      type: z.literal("answered"),
      sample: z.object({ status: z.number().int() }),
      latencyMs: z.number().min(0),
    }),
    z.object({ type: z.literal("failed"), afterMs: z.number().min(0) }),
    z.object({ type: z.literal("timed-out"), afterMs: z.number().min(0) }),
  ]),
});
export type EdgeProbe = z.infer<typeof EdgeProbe>;
