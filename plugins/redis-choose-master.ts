import { z } from "zod";
import type { AddressOutcome } from "./gather-outcomes.ts";

/** Numbers arrive as texts. */
const Count = z.coerce.number().int().min(0).catch(0);

/** What a sentinel told. */
export const SentinelSample = z.object({
  isSentinel: z.boolean(),
  /** The master's address; null: it knows no master of that name. */
  master: z.string().nullable(),
  fields: z.object({
    flags: z.string().catch(""),
    "config-epoch": Count,
    "down-after-milliseconds": Count,
  }),
  /** Why it could not fail over; empty: it could. */
  quorum: z.string(),
});
/** See the schema. */
export type SentinelSample = z.infer<typeof SentinelSample>;

/** The master that sentinels name. */
export interface NamedMaster {
  readonly address: string;
  /** Sentinels that name it. */
  readonly votes: number;
}

/**
 * Chooses the master that the sentinels name: the newest configuration wins, as among themselves
 * (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/), then the most sentinels.
 *
 * @param sentinels how the probe of each ended
 * @returns the master; null if none is named
 */
export function chooseMaster(sentinels: readonly AddressOutcome[]): NamedMaster | null {
  const named = new Map<string, { address: string; votes: number; epoch: number }>();
  for (const { outcome } of sentinels) {
    const sample = outcome.type === "answered" ? SentinelSample.safeParse(outcome.sample).data : undefined;
    if (sample === undefined || sample.master === null) continue;
    const { master: address, fields } = sample;
    const before = named.get(address);
    named.set(address, {
      address,
      votes: (before?.votes ?? 0) + 1,
      epoch: Math.max(before?.epoch ?? 0, fields["config-epoch"]),
    });
  }
  const [first] = [...named.values()].sort(
    (left, right) => right.epoch - left.epoch || right.votes - left.votes,
  );
  return first === undefined ? null : { address: first.address, votes: first.votes };
}
