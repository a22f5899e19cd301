import type { CopyCounts, DivergedReason } from "./copy-ledger.ts";

/** Why nothing is sent to a data centre at present. */
export type HeldReason =
  /** No route is known. */
  | "no-route"
  /** The store of the routes is not reached: another data centre may be active by now. */
  | "store-away"
  /** The route allows no writes there. */
  | "not-writable";

/** How the copies for one data centre stand. */
export interface CopyStatus extends CopyCounts {
  readonly dataCentre: string;
  readonly queued: number;
  /** Writes that the active side has not answered yet: their copies are still to come. */
  readonly unanswered: number;
  readonly bytes: number;
  /** Milliseconds since the oldest that is queued was written; 0: nothing is queued. */
  readonly oldestAgeMs: number;
  /** Why nothing is sent now; null: it is sent. */
  readonly held: HeldReason | null;
  /** Copies are known to be missing, until `resynced` is called. */
  readonly diverged: boolean;
  readonly divergedBy: readonly DivergedReason[];
}
