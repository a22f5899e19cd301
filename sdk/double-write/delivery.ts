import type { CopyCommand } from "./executed.ts";

/** What one write resulted in, on its way to the other data centres. */
export interface Entry {
  /** Counts up within one queue. */
  readonly id: number;
  readonly commands: readonly CopyCommand[];
  /** The keys that it touches or reads, each byte as one character. */
  readonly keys: readonly string[];
  /** Size of the commands, and what keeping them costs. */
  readonly bytes: number;
  readonly isRepeatable: boolean;
  /** Wall clock of this host when the write was answered, ms since 1970. */
  readonly atMs: number;
  /** The term in which it was written: another object for each. */
  readonly term: object;
}

/** An entry on its way to one data centre. */
export interface Delivery {
  readonly entry: Entry;
  state: "queued" | "sent" | "settled";
  /** Earlier deliveries that touch one of its keys and are not settled. */
  readonly blockers: Set<Delivery>;
  /** Later deliveries that wait for this one. */
  readonly followers: Set<Delivery>;
}
