import { z } from "zod";

/** A target that the soaked agent probes. */
export const SoakTarget = z.object({
  kind: z.string(),
  name: z.string(),
  /** With its secrets. */
  settings: z.record(z.string(), z.unknown()),
});
/** See the schema. */
export type SoakTarget = z.infer<typeof SoakTarget>;

/** What the soaked agent tells once a second, after it has collected its garbage. */
export const SoakSample = z.object({
  sockets: z.number(),
  timers: z.number(),
  /** Everything that keeps a process of Node alive. */
  resources: z.number(),
  fileDescriptors: z.number(),
  heapBytes: z.number(),
  residentBytes: z.number(),
  /** Targets that are up now. */
  up: z.number(),
  probes: z.number(),
});
/** See the schema. */
export type SoakSample = z.infer<typeof SoakSample>;

/** What is compared, with the growth that is no leak: of a part, and of an amount. */
export const COUNTS = {
  sockets: { share: 0, amount: 0 },
  timers: { share: 0, amount: 1 },
  resources: { share: 0, amount: 2 },
  fileDescriptors: { share: 0, amount: 1 },
  heapBytes: { share: 0.05, amount: 500_000 },
} as const satisfies Partial<Record<keyof SoakSample, { readonly share: number; readonly amount: number }>>;

/** How one count went. */
export interface SoakRow {
  readonly name: keyof typeof COUNTS;
  readonly first: number;
  readonly last: number;
  readonly isFlat: boolean;
}

/**
 * Compares the first and the last quarter of a soak, each by the median of what was counted while every target was calm.
 *
 * @param calm samples of each calm moment, in their order
 * @returns one row for each count
 */
export function compareQuarters(calm: readonly (readonly SoakSample[])[]): SoakRow[] {
  const quarter = Math.max(1, Math.floor(calm.length / 4));
  const take = (from: number, to: number, name: keyof typeof COUNTS) =>
    median(calm.slice(from, to).map((samples) => Math.min(...samples.map((sample) => sample[name]))));
  return (Object.keys(COUNTS) as (keyof typeof COUNTS)[]).map((name) => {
    const first = take(0, quarter, name);
    const last = take(calm.length - quarter, calm.length, name);
    const { share, amount } = COUNTS[name];
    return { name, first, last, isFlat: last <= first * (1 + share) + amount };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
