import { z } from "zod";
import { CERTIFICATES_MAX, SeenCertificate } from "./certificate.ts";
import { DataCentreName } from "./route.ts";

/** Longest sentence that an agent may send; longer ones are cut by the sender. */
export const WORDS_MAX = 500;

/**
 * What one probe says about a target [SAFE-5]: only `down` is down.
 * `config` is an answer that refuses us (password, permission, unknown database, TLS name): the target lives.
 */
export const Verdict = z.enum(["up", "degraded", "read_only", "down", "config"]);
export type Verdict = z.infer<typeof Verdict>;

/** The closed list of causes behind a verdict; `code` beside it is the engine's own. */
export const ProbeReason = z.enum([
  "ok",
  "refused",
  "closed",
  "reset",
  "timed-out",
  "unreachable",
  "starting",
  "shutting-down",
  "bad-answer",
  "wrong-status",
  "saturated",
  "disk-full",
  "lagging",
  /** A part of the whole is lost: shards or slots without a copy that answers, replicas, sentinels. */
  "incomplete",
  "read-only",
  "auth-failed",
  "permission-denied",
  "unknown-database",
  "name-not-found",
  "tls-failed",
  "bad-settings",
  "no-credentials",
]);
export type ProbeReason = z.infer<typeof ProbeReason>;

/** Addresses that one target may have. */
export const ADDRESSES_MAX = 16;
/** Longest sentence about one of several addresses. */
export const PART_WORDS_MAX = 200;

/** What a probe says about one of a target's several addresses. */
export const JudgementPart = z.object({
  address: z.string().max(270),
  verdict: Verdict,
  words: z.string().max(PART_WORDS_MAX),
});
export type JudgementPart = z.infer<typeof JudgementPart>;

/** The judgement of one probe, made by the plugin of the target's kind. */
export const Judgement = z.object({
  verdict: Verdict,
  reason: ProbeReason,
  /** The engine's own error code, such as `28P01`, `1045` or `ECONNREFUSED`. */
  code: z.string().max(60).optional(),
  /** The case in words: what happened, with the engine's text and the latency. Never a secret. */
  words: z.string().max(WORDS_MAX),
  /** What to check next, where that is known. */
  advice: z.string().max(WORDS_MAX).optional(),
  /** Each address on its own, where a target has several or leads to further servers. */
  parts: z.array(JudgementPart).max(ADDRESSES_MAX).optional(),
});
export type Judgement = z.infer<typeof Judgement>;

/** What the heartbeat account of an agent found out about one data centre; see core/health/heartbeat.ts. */
export const Heartbeat = z.object({
  /** Whether writes are taken there; null: not known, because nothing is written there or what failed says nothing. */
  writable: z.boolean().nullable(),
  /** Why not, or why that is not known; absent where all is well. */
  reason: ProbeReason.optional(),
  code: z.string().max(60).optional(),
  words: z.string().max(WORDS_MAX).optional(),
  advice: z.string().max(WORDS_MAX).optional(),
  /** Milliseconds of writes that would be missing here if the active side were lost now; null: not measured. */
  rpoMs: z.number().min(0).nullable(),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** A right that an account lacks, with the statement to paste. */
export const MissingRight = z.object({ right: z.string().max(100), statement: z.string().max(WORDS_MAX) });
export type MissingRight = z.infer<typeof MissingRight>;
/** Rights that a test names at most. */
export const MISSING_RIGHTS_MAX = 20;

/** What a connection test reached, beside the judgement; null: the server does not tell. */
export const TargetFacts = z.object({
  version: z.string().max(200).nullable(),
  role: z.string().max(200).nullable(),
  /** How far behind its source the server says it is, in milliseconds. */
  lagMs: z.number().min(0).nullable(),
  /** Rights that the monitor's account lacks, those of heartbeats among them. */
  missing: z.array(MissingRight).max(MISSING_RIGHTS_MAX),
});
export type TargetFacts = z.infer<typeof TargetFacts>;

/** Refusals closer together than this count as one, in milliseconds. */
export const REFUSAL_SPACING_MS = 50;
/** Refusals in a row, that far apart, which `fastRefuse` asks of each of two sites. */
export const REFUSALS_NEEDED = 3;

/** A run of failed probes as its observer measured it on a monotonic clock. */
export const FailingRun = z.object({
  /** Milliseconds from the start of the run's first failing probe to the sending of this report. */
  ageMs: z.number().int().min(0),
  /** Failed probes in the run. */
  probes: z.number().int().min(1),
  /** Refusals or closed connections in a row, at least REFUSAL_SPACING_MS apart (the evidence of `fastRefuse`). */
  refusals: z.number().int().min(0),
});
export type FailingRun = z.infer<typeof FailingRun>;

/** What one agent knows of one target at the moment it sends it. Ages, never wall clocks [SAFE-10]. */
export const Observation = z.object({
  monitorId: z.string().max(64),
  dataCentre: DataCentreName,
  /** The version of address, TLS, user and database that was probed [SAFE-9]. */
  targetVersion: z.number().int().min(1),
  judgement: Judgement,
  /** Milliseconds since the last completed probe. */
  ageMs: z.number().int().min(0),
  /** Time that the last successful probe took, in milliseconds. */
  latencyMs: z.number().min(0).nullable(),
  /** True once this observer saw this target version up; until then it is blind to it [SAFE-2]. */
  sawUp: z.boolean(),
  /** The present run of failed probes; null while the target answers. */
  failing: FailingRun.nullable(),
  /** Milliseconds of unbroken success; null while it fails or was never seen up. */
  healthyForMs: z.number().int().min(0).nullable(),
  /** Milliseconds since this agent last passed a fresh connect and login there; null: never [SAFE-8]. */
  freshLoginAgeMs: z.number().int().min(0).nullable(),
  /** What heartbeats found out; absent where the monitor has no heartbeat account. */
  heartbeat: Heartbeat.optional(),
  /** What was reached; only in the answer to a connection test. */
  facts: TargetFacts.optional(),
  /** What was shown, whatever came of it; only in the answer to a connection test of a target with TLS. */
  certificates: z.array(SeenCertificate).max(CERTIFICATES_MAX).optional(),
});
export type Observation = z.infer<typeof Observation>;
