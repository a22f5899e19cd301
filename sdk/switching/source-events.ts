import type { Route } from "@evenkeel/contracts/route";
import type { DivergedReason } from "../double-write/copy-ledger.ts";
import type { CopyStatus } from "../double-write/copy-status.ts";
import type { Leaving } from "./judge-switch.ts";

/** A switch, told after the pointer stands on the new side. */
export interface SwitchedEvent {
  readonly from: string;
  readonly to: string;
  readonly writable: boolean;
  readonly epoch: number;
  readonly decision: string;
  readonly decidedBy: string;
  readonly reason: string;
  readonly leaving: Leaving;
  /** Wall clock of this process when the pointer was swapped, ms since 1970 with fractions. */
  readonly atMs: number;
  /** The same moment on this process's monotonic clock (`performance.now()`). */
  readonly monotonicMs: number;
  /** Connections that were in use on the old side. */
  readonly busy: number;
  /** Calls that had not been sent yet, those that were held among them, and go to the new side instead. */
  readonly moved: number;
}

/** What a data source tells. Listeners run after the switch itself, so that none can delay or break it. */
export interface SourceEvents {
  /** A route is followed: the first one, and each new one. */
  route: [event: { readonly route: Route; readonly atMs: number; readonly monotonicMs: number }];
  switched: [event: SwitchedEvent];
  /** The store of the routes is reached (again). */
  connected: [];
  /** The store of the routes is not reached: the last route is kept. */
  stale: [event: { readonly message: string }];
  /** The route comes from a snapshot, or from a store of which no site says that it is up to date. */
  unconfirmed: [event: { readonly route: Route }];
  /** Only with `strict`: this process may write where its route allows it, or may not any more. */
  lease: [event: { readonly held: boolean }];
  /** The monitor was deleted: the last route is served for good. */
  retired: [event: { readonly route: Route }];
  /** Two decisions carry one epoch; the first is kept until people have chosen. */
  fork: [event: { readonly kept: Route; readonly other: Route }];
  /** A data centre's warm connection stands, or does not. */
  warm: [event: { readonly dataCentre: string; readonly ready: boolean; readonly message: string }];
  /** Copies for a data centre are known to be missing, for a reason that was not known before. */
  diverged: [
    event: { readonly dataCentre: string; readonly reason: DivergedReason; readonly message: string },
  ];
  /** How the copies stand; told at most once a second, while something changes. */
  copies: [event: readonly CopyStatus[]];
  /** Something that cannot be used, in words: an invalid route, a snapshot that cannot be written. */
  problem: [event: { readonly message: string }];
}
