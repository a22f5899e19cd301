import type { StoreFailure, WatchListener, WatchOptions } from "@evenkeel/contracts/route-store";
import type { TokenSource } from "./attempt.ts";
import type { Delivered } from "./find-gap.ts";
import type { Members } from "./members.ts";
import type { Ask } from "./read-range.ts";
import type { RunningStream } from "./watch-stream.ts";

/** What a watch needs of its store. */
export interface WatchSource {
  readonly members: Members;
  readonly tokens: TokenSource;
  readonly ask: Ask;
  readonly limits: { readonly deadlineMs: number; readonly tryMs: number };
}

/** One watch: what it is for, and where it stands. */
export interface Watch {
  readonly source: WatchSource;
  readonly prefix: string;
  readonly listener: WatchListener;
  readonly options: WatchOptions;
  readonly closing: AbortSignal;
  readonly delivered: Delivered;
  clusterId: string;
  needsReading: boolean;
  stream: RunningStream | null;
  /** What the owner was told last; null before the first time. */
  connected: boolean | null;
  /** The endpoint to leave alone in the next attempt. */
  leaving: number | null;
  failuresInRow: number;
  silencesInRow: number;
  beatsRefusedTold: boolean;
}

/**
 * Tells the owner that the connection was lost or regained, unless it knows.
 *
 * @param watch the watch
 * @param connected whether a live store is heard
 * @param problem why not
 */
export function tellConnected(watch: Watch, connected: boolean, problem?: StoreFailure): void {
  if (watch.connected === connected) return;
  watch.connected = connected;
  tell(watch, () => watch.listener.onConnected(connected, problem));
}

/**
 * Calls the owner's listener. One that throws is a bug of the owner; it must not end the watch.
 *
 * @param watch the watch
 * @param call calls the listener
 */
export function tell(watch: Watch, call: () => void): void {
  try {
    call();
  } catch (error) {
    watch.source.members.onEvent({ type: "listener-threw", prefix: watch.prefix, error });
  }
}
