import type { StoreFailure } from "@evenkeel/contracts/route-store";
import { failure } from "./failure.ts";
import { noteFailure, noteSuccess } from "./members.ts";
import { compareOnce } from "./watch-compare.ts";
import type { StreamEnd, StreamListener } from "./watch-frame.ts";
import { tell, tellConnected, type Watch } from "./watch-state.ts";
import { followStream } from "./watch-stream.ts";

/** Silence after which a watched endpoint counts as hung: two beats. */
export const FIRST_SILENCE_MS = 2000;
/** Where no site beats at all, endpoints are changed less and less often, down to this. */
const LONGEST_SILENCE_MS = 32_000;
/** A stream that lived as long as this had not failed at once: the next attempt starts without a pause. */
const STEADY_MS = 1000;

/** A failure of one attempt; `tell: false` if the owner need not hear of it yet. */
export interface Problem {
  readonly failure: StoreFailure;
  readonly tell: boolean;
}

/**
 * Follows the changes at one endpoint until that ends.
 *
 * @param watch the watch
 * @returns why the next attempt may need a pause, or null
 */
export async function followOnce(watch: Watch): Promise<Problem | null> {
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
    createListener(watch, index),
  );
  watch.stream = stream;
  const end = await stream.ended;
  watch.stream = null;
  if (performance.now() - openedMs >= STEADY_MS) watch.failuresInRow = 0;
  return leave(watch, index, token.value, end);
}

function createListener(watch: Watch, index: number): StreamListener {
  const { members } = watch.source;
  return {
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
  };
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
      if (watch.failuresInRow >= members.endpoints.length) tokens.suspect(token);
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
