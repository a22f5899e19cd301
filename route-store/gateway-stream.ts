import type { Client } from "undici";
import { classifyConnectionError } from "./classify-answer.ts";
import {
  type GatewayOutcome,
  type GatewayRequest,
  headersOf,
  judge,
  noAnswerInTime,
  type StreamListener,
} from "./gateway-outcome.ts";

/**
 * Opens a stream that runs until it breaks or is closed.
 *
 * @param client a connection for this stream alone; it is destroyed with it
 * @param request `timeoutMs` bounds the wait for the first bytes
 * @param listener who hears of it
 * @returns how to close it; then nothing more is told
 */
export function openStream(
  client: Client,
  request: GatewayRequest,
  listener: StreamListener,
): { close(): void } {
  let ended = false;
  const end = (outcome: Exclude<GatewayOutcome, { kind: "answered" }> | null): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    client.destroy(null, () => undefined);
    if (outcome !== null) listener.onEnd(outcome);
  };
  const timer = setTimeout(() => end(noAnswerInTime(request.timeoutMs)), request.timeoutMs);
  const broken = (error: unknown): void =>
    end({ kind: "no-answer", failure: classifyConnectionError(error) });

  client
    .request({
      method: "POST",
      path: request.path,
      headers: headersOf(request),
      body: request.body,
      headersTimeout: 0,
      // A watch may be silent for days; its owner has better means to tell a dead stream from a quiet one.
      bodyTimeout: 0,
    })
    .then(async (response) => {
      if (response.statusCode !== 200) {
        const judged = judge(response.statusCode, await response.body.text());
        if (judged.kind !== "answered") end(judged);
        return;
      }
      response.body.on("data", (chunk: Buffer) => {
        if (ended) return;
        clearTimeout(timer);
        listener.onChunk(chunk);
      });
      response.body.on("error", broken);
      response.body.on("end", () => broken(new Error("the store ended the stream")));
    })
    .catch(broken);
  return { close: () => end(null) };
}
