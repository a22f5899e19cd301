import type { StoreFailure, StoreWatch, WatchListener, WatchOptions } from "@evenkeel/contracts/route-store";
import { failure, type Members, noteFailure, noteSuccess, pause, type TokenSource } from "./ask-store.ts";
import { createDelivered, type Delivered } from "./find-gap.ts";
import { type Ask, readRange } from "./read-range.ts";
import { followStream, type RunningStream, type StreamEnd } from "./watch-stream.ts";

/** Silence after which a watched endpoint counts as hung: two beats. */
export const FIRST_SILENCE_MS = 2000;
/** Where no site beats at all, endpoints are changed less and less often, down to this. */
const LONGEST_SILENCE_MS = 32_000;
const DEFAULT_POLL_MS = 5000;
/** The poll's answer may overtake an event on its way: what is missing is counted again after this. */
const GAP_GRACE_MS = 300;
/** A stream that lived as long as this had not failed at once: the next attempt starts without a pause. */
const STEADY_MS = 1000;
/** Pauses between attempts: a store that is away is worth asking often, a refusal is for people to mend. */
const AWAY_PAUSE_MS = 250;
const FIRST_REFUSED_PAUSE_MS = 1000;
const LONGEST_REFUSED_PAUSE_MS = 10_000;

/** What a watch needs of its store. */
export interface WatchSource {
  readonly members: Members;
  readonly tokens: TokenSource;
  readonly ask: Ask;
  readonly limits: { readonly deadlineMs: number; readonly tryMs: number };
}

interface Watch {
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
 * Reads a prefix, then follows it from the next revision on, over restarts, until it is closed.
 *
 * @param source the store
 * @param prefix what to watch
 * @param listener who hears of it
 * @param options beats and poll
 * @returns the watch
 */
export function startWatch(
  source: WatchSource,
  prefix: string,
  listener: WatchListener,
  options: WatchOptions,
): StoreWatch {
  const stop = new AbortController();
  const watch: Watch = {
    source,
    prefix,
    listener,
    options,
    closing: AbortSignal.any([stop.signal, source.members.closing]),
    delivered: createDelivered(),
    clusterId: "",
    needsReading: true,
    stream: null,
    connected: null,
    leaving: null,
    failuresInRow: 0,
    silencesInRow: 0,
    beatsRefusedTold: false,
  };
  watch.closing.addEventListener("abort", () => watch.stream?.end({ why: "closed" }), { once: true });
  // Neither loop ever rejects in normal life; a broken invariant shall surface as an unhandled rejection.
  void keepWatching(watch);
  void keepPolling(watch);
  return { close: () => stop.abort() };
}

async function keepWatching(watch: Watch): Promise<void> {
  while (!watch.closing.aborted) {
    const problem = (await readIfNeeded(watch)) ?? (await followOnce(watch));
    if (watch.closing.aborted || problem === null) continue;
    if (problem.tell) tellConnected(watch, false, problem.failure);
    await pause(pauseBeforeNext(watch, problem.failure), watch.closing);
  }
}

/** A failure of one attempt; `tell: false` if the owner need not hear of it yet. */
interface Problem {
  readonly failure: StoreFailure;
  readonly tell: boolean;
}

function pauseBeforeNext(watch: Watch, problem: StoreFailure): number {
  const failures = watch.failuresInRow;
  watch.failuresInRow += 1;
  if (problem.reason !== "unavailable") {
    return Math.min(FIRST_REFUSED_PAUSE_MS * 2 ** Math.min(failures, 10), LONGEST_REFUSED_PAUSE_MS);
  }
  // The first time another endpoint is asked at once; later the pauses are spread, so that a crowd does not come as one.
  return failures === 0 ? 0 : AWAY_PAUSE_MS * (0.5 + Math.random() / 2);
}

async function readIfNeeded(watch: Watch): Promise<Problem | null> {
  if (!watch.needsReading) return null;
  const result = await readRange(watch.source.ask, watch.prefix, true);
  if (watch.closing.aborted) return null;
  if (!result.ok) return { failure: result, tell: true };
  watch.needsReading = false;
  watch.clusterId = result.value.clusterId;
  watch.delivered.restart(result.value.reading);
  tell(watch, () => watch.listener.onReading(result.value.reading));
  return null;
}

async function followOnce(watch: Watch): Promise<Problem | null> {
  const { members, tokens, limits } = watch.source;
  const token = await tokens.get(performance.now() + limits.deadlineMs);
  if (watch.closing.aborted || watch.needsReading) return null;
  if (!token.ok) return { failure: token, tell: true };
  const index = chooseEndpoint(watch);
  const connection = members.connections[index];
  if (connection === undefined) throw new Error(`there is no endpoint ${index}`);
  const openedMs = performance.now();
  const stream = followStream(
    connection,
    {
      prefix: watch.prefix,
      fromRevision: watch.delivered.revision() + 1,
      beatPrefix: watch.options.beatPrefix,
      token: token.value,
      openMs: limits.tryMs,
      silenceMs: silenceLimit(watch),
      clusterId: watch.clusterId,
    },
    {
      onCreated(revision) {
        watch.leaving = null;
        noteSuccess(members, index);
        tellConnected(watch, true);
        // A member that knows less than we do lags, or the store was restored from a copy: a reading tells which.
        if (revision < watch.delivered.revision()) void compareOnce(watch);
      },
      onChanges(changes) {
        const fresh = watch.delivered.take(changes);
        if (fresh.length > 0) tell(watch, () => watch.listener.onChanges(fresh));
      },
      onBeat() {
        watch.silencesInRow = 0;
      },
      onBeatsRefused(message) {
        if (watch.beatsRefusedTold) return;
        watch.beatsRefusedTold = true;
        members.onEvent({ type: "beats-refused", prefix: watch.options.beatPrefix ?? "", message });
      },
    },
  );
  watch.stream = stream;
  const end = await stream.ended;
  watch.stream = null;
  if (performance.now() - openedMs >= STEADY_MS) watch.failuresInRow = 0;
  return leave(watch, index, token.value, end);
}

function chooseEndpoint(watch: Watch): number {
  const { choice } = watch.source.members;
  const excluded = new Set(watch.leaving === null ? [] : [watch.leaving]);
  return choice.pick(performance.now(), excluded, true) ?? watch.leaving ?? 0;
}

/** The limit grows once every endpoint has been tried in vain: then it is the sites that are silent, not the store. */
function silenceLimit(watch: Watch): number {
  const rounds = Math.floor(watch.silencesInRow / watch.source.members.endpoints.length);
  return Math.min(FIRST_SILENCE_MS * 2 ** Math.min(rounds, 10), LONGEST_SILENCE_MS);
}

/** Decides what the end of a stream means for the next attempt. */
function leave(watch: Watch, index: number, token: string | null, end: StreamEnd): Problem | null {
  const { members, tokens } = watch.source;
  const endpoint = members.endpoints[index]?.name ?? "";
  const event = { prefix: watch.prefix, endpoint };
  switch (end.why) {
    case "closed":
      return null;
    case "broken":
      watch.leaving = index;
      noteFailure(members, index, end.message);
      members.onEvent({ type: "watch-moved", ...event, why: end.message });
      return { failure: failure("unavailable", `${endpoint}: ${end.message}`), tell: true };
    case "silent":
      // The owner is not told: the next endpoint stands within milliseconds, or its failure is told.
      watch.leaving = index;
      watch.silencesInRow += 1;
      members.onEvent({ type: "watch-moved", ...event, why: end.message });
      return null;
    case "reread":
      watch.needsReading = true;
      members.onEvent({ type: "watch-reread", prefix: watch.prefix, why: end.message });
      return { failure: failure("unavailable", `${endpoint}: ${end.message}`), tell: false };
    case "refused":
      if (end.verdict.kind === "relogin") tokens.invalidate(token);
      if (end.verdict.kind === "retry") {
        watch.leaving = index;
        noteFailure(members, index, end.verdict.message);
      }
      return {
        failure: failure(
          end.verdict.kind === "final" ? end.verdict.reason : "unavailable",
          `${endpoint}: ${end.verdict.message}`,
        ),
        tell: end.verdict.kind !== "relogin",
      };
  }
}

async function keepPolling(watch: Watch): Promise<void> {
  const pollMs = watch.options.pollMs ?? DEFAULT_POLL_MS;
  while (!watch.closing.aborted) {
    await pause(pollMs * (0.9 + Math.random() / 5), watch.closing);
    await compareOnce(watch);
  }
}

/** Compares a reading with what was delivered; a difference that stays makes the watch read anew. */
async function compareOnce(watch: Watch): Promise<void> {
  if (watch.closing.aborted || watch.needsReading) return;
  // A linearizable reading cannot be older than what had been delivered before it began.
  const deliveredBefore = watch.delivered.revision();
  const result = await readRange(watch.source.ask, watch.prefix, true);
  // A store that does not answer now is no gap; the watch itself and the next poll will tell.
  if (!result.ok || watch.needsReading || watch.closing.aborted) return;
  const { reading, clusterId } = result.value;
  if (clusterId !== watch.clusterId || reading.revision < deliveredBefore) {
    readAnew(watch, "the store's history was replaced");
    return;
  }
  if (watch.delivered.countMissing(reading) === 0) return;
  await pause(GAP_GRACE_MS, watch.closing);
  if (watch.closing.aborted || watch.needsReading) return;
  const keys = watch.delivered.countMissing(reading);
  if (keys === 0) return;
  watch.source.members.onEvent({ type: "gap-repaired", prefix: watch.prefix, keys });
  readAnew(watch, `the watch had not delivered ${keys} changed keys`);
}

function readAnew(watch: Watch, why: string): void {
  watch.needsReading = true;
  watch.stream?.end({ why: "reread", message: why });
}

function tellConnected(watch: Watch, connected: boolean, problem?: StoreFailure): void {
  if (watch.connected === connected) return;
  watch.connected = connected;
  tell(watch, () => watch.listener.onConnected(connected, problem));
}

/** A listener that throws is a bug of the owner; it must not end the watch of everybody else. */
function tell(watch: Watch, call: () => void): void {
  try {
    call();
  } catch (error) {
    watch.source.members.onEvent({ type: "listener-threw", prefix: watch.prefix, error });
  }
}
