import type { ProbeReason, Verdict } from "@evenkeel/contracts/observation";

/** What an error code means: one row of a table. */
export interface Meaning {
  readonly verdict: Verdict;
  readonly reason: ProbeReason;
  /** What to check or paste next; `{user}`, `{database}` and `{address}` are filled in. */
  readonly advice?: string;
}

/** Error codes and what they mean. */
export type Meanings = Readonly<Partial<Record<string, Meaning>>>;
