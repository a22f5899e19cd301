import type { StoreChange } from "@evenkeel/contracts/route-store";
import { classifyAnswer, type Verdict } from "./classify-answer.ts";
import { BEAT_WATCH_ID } from "./wire-requests.ts";
import { toChange, WatchFrame, type WatchResult } from "./wire-responses.ts";

/** Events of one fragmented revision that are held until its last fragment. */
const MAX_HELD_EVENTS = 100_000;

/** Why a stream ended. */
export type StreamEnd =
  /** The connection broke, or what came is no watch frame. */
  | { readonly why: "broken"; readonly message: string }
  /** The store refused the stream. */
  | { readonly why: "refused"; readonly verdict: Verdict }
  /** No beat came: the endpoint is hung or cut off, or no site beats. */
  | { readonly why: "silent"; readonly message: string }
  /** The range must be read anew: compaction, cancellation, another cluster. */
  | { readonly why: "reread"; readonly message: string }
  /** The owner ended it. */
  | { readonly why: "closed" };

/** What a stream tells while it runs. */
export interface StreamListener {
  /** The watch stands. @param revision newest revision that this member knows */
  onCreated(revision: number): void;
  onChanges(changes: readonly StoreChange[]): void;
  /** A site showed through this endpoint that it lives. */
  onBeat(): void;
  onBeatsRefused(message: string): void;
}

/** What a stream remembers from frame to frame. */
export interface StreamState {
  created: number;
  hearsBeats: boolean;
  held: StoreChange[];
}

/**
 * Takes one line of a watch stream.
 *
 * @param state of the stream, which it updates
 * @param clusterId the cluster that the reading came from
 * @param listener who hears of it
 * @param text the line
 * @returns how the stream ends with this frame, or null if it goes on
 */
export function takeFrame(
  state: StreamState,
  clusterId: string,
  listener: StreamListener,
  text: string,
): StreamEnd | null {
  const frame = parseFrame(text);
  if (frame === null)
    return { why: "broken", message: "the stream carried something that is no watch frame" };
  if (frame.error !== undefined) return { why: "refused", verdict: classifyAnswer(200, frame.error) };
  const result = frame.result;
  if (result === undefined) return null;
  if (result.created) return takeCreated(state, clusterId, listener, result);
  if (result.canceled) return { why: "reread", message: whyCanceled(result) };
  if (result.watch_id === BEAT_WATCH_ID) {
    listener.onBeat();
    return null;
  }
  return takeEvents(state, listener, result);
}

function parseFrame(text: string): WatchFrame | null {
  try {
    const parsed = WatchFrame.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** The two watches are answered in the order in which they were asked; a refused one has no id to know it by. */
function takeCreated(
  state: StreamState,
  clusterId: string,
  listener: StreamListener,
  result: WatchResult,
): StreamEnd | null {
  state.created += 1;
  if (state.created > 1) {
    if (result.canceled) listener.onBeatsRefused(whyCanceled(result));
    else state.hearsBeats = true;
    return null;
  }
  if (result.canceled) {
    const dead = /invalid auth token|Unauthenticated|auth store is old/.test(result.cancel_reason);
    return dead
      ? { why: "refused", verdict: { kind: "relogin", message: result.cancel_reason } }
      : { why: "reread", message: whyCanceled(result) };
  }
  if (result.header.cluster_id !== clusterId) {
    return { why: "reread", message: "the endpoint belongs to another cluster than the reading" };
  }
  listener.onCreated(result.header.revision);
  return null;
}

function takeEvents(state: StreamState, listener: StreamListener, result: WatchResult): StreamEnd | null {
  state.held.push(...result.events.map(toChange));
  if (result.fragment) {
    return state.held.length > MAX_HELD_EVENTS
      ? { why: "reread", message: `more than ${MAX_HELD_EVENTS} changes in fragments` }
      : null;
  }
  const changes = state.held;
  state.held = [];
  if (changes.length > 0) listener.onChanges(changes);
  return null;
}

function whyCanceled(result: WatchResult): string {
  if (result.compact_revision > 0) return `compacted up to revision ${result.compact_revision}`;
  return result.cancel_reason === "" ? "the store cancelled the watch" : result.cancel_reason;
}
