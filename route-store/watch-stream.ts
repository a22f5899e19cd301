import { createFrameReader } from "./frame-reader.ts";
import type { EndpointConnection } from "./gateway.ts";
import type { StreamListener as ByteListener } from "./gateway-outcome.ts";
import { type StreamEnd, type StreamListener, type StreamState, takeFrame } from "./watch-frame.ts";
import { watchRequest } from "./wire-requests.ts";

/** What to follow. */
export interface StreamRequest {
  readonly prefix: string;
  readonly fromRevision: number;
  readonly beatPrefix: string | undefined;
  readonly token: string | null;
  /** Longest wait for the first answer. */
  readonly openMs: number;
  /** Longest silence on a stream that hears beats. */
  readonly silenceMs: number;
  /** The cluster that the reading came from. */
  readonly clusterId: string;
}

/** A stream that runs; `ended` settles once. */
export interface RunningStream {
  readonly ended: Promise<StreamEnd>;
  end(end: StreamEnd): void;
}

/**
 * Follows one watch stream at one endpoint, from its first frame to its end.
 *
 * @param connection the endpoint
 * @param request what to follow, from which revision
 * @param listener who hears of it, in the very turn of the event loop in which the bytes came
 * @returns the running stream
 */
export function followStream(
  connection: EndpointConnection,
  request: StreamRequest,
  listener: StreamListener,
): RunningStream {
  const state: StreamState = { created: 0, hearsBeats: false, held: [] };
  const read = createFrameReader();
  let settle: (end: StreamEnd) => void = () => undefined;
  const settled = new Promise<StreamEnd>((resolve) => {
    settle = resolve;
  });
  let ended = false;
  let silence: NodeJS.Timeout | null = null;

  const end = (how: StreamEnd): void => {
    if (ended) return;
    ended = true;
    if (silence !== null) clearTimeout(silence);
    stream.close();
    settle(how);
  };
  const fallSilent = (): void =>
    end({ why: "silent", message: `no beat of any site within ${request.silenceMs} ms` });

  /** @returns how the stream ends with this chunk, or null if it goes on */
  const hear = (chunk: Buffer): StreamEnd | null => {
    const reading = read(chunk);
    if (!reading.ok) return { why: "broken", message: reading.message };
    for (const text of reading.frames) {
      if (ended) return null;
      const how = takeFrame(state, request.clusterId, listener, text);
      if (how !== null) return how;
    }
    return null;
  };
  const listenOn = (): void => {
    if (!state.hearsBeats || ended) return;
    if (silence === null) silence = setTimeout(fallSilent, request.silenceMs);
    else silence.refresh();
  };
  const bytes: ByteListener = {
    onChunk(chunk) {
      const how = hear(chunk);
      if (how === null) listenOn();
      else end(how);
    },
    onEnd: (outcome) =>
      end(
        outcome.kind === "refused"
          ? { why: "refused", verdict: outcome.verdict }
          : { why: "broken", message: outcome.failure.message },
      ),
  };
  const body = watchRequest(request.prefix, request.fromRevision, request.beatPrefix);
  const stream = connection.stream(
    { path: "/v3/watch", body, token: request.token, timeoutMs: request.openMs },
    bytes,
  );
  return { ended: settled, end };
}
