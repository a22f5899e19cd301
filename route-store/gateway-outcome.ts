import { classifyAnswer, type NoAnswer, type Verdict } from "./classify-answer.ts";
import { GatewayError } from "./wire-responses.ts";

/** A request to one endpoint. */
export interface GatewayRequest {
  readonly path: string;
  readonly body: string;
  readonly token: string | null;
  readonly timeoutMs: number;
}

/** How it ended. */
export type GatewayOutcome =
  | { readonly kind: "answered"; readonly body: unknown }
  | { readonly kind: "refused"; readonly verdict: Verdict }
  | { readonly kind: "no-answer"; readonly failure: NoAnswer };

/** What a stream tells while it runs; `onEnd` is the last thing it tells, once. */
export interface StreamListener {
  onChunk(chunk: Buffer): void;
  onEnd(outcome: Exclude<GatewayOutcome, { kind: "answered" }>): void;
}

/**
 * The headers of a request.
 *
 * @param request the request
 * @returns the headers
 */
export function headersOf(request: GatewayRequest): Record<string, string> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    // Without it a member that has lost its leader keeps a request, or a mute watch, instead of saying so.
    "grpc-metadata-hasleader": "true",
  };
  if (request.token !== null) headers.authorization = request.token;
  return headers;
}

/**
 * The outcome of a request that got no answer in its time.
 *
 * @param timeoutMs the time
 * @returns the outcome; the request may have been applied
 */
export function noAnswerInTime(timeoutMs: number): { kind: "no-answer"; failure: NoAnswer } {
  return {
    kind: "no-answer",
    failure: { maybeApplied: true, tls: false, message: `no answer within ${timeoutMs} ms` },
  };
}

/**
 * Judges a complete answer.
 *
 * @param status HTTP status
 * @param text body
 * @returns the parsed body, or what etcd's refusal means
 */
export function judge(status: number, text: string): GatewayOutcome {
  const body = parseJson(text);
  const error = readError(body);
  // A streaming method (a lease renewal) may fail after its 200 has gone out.
  if (status === 200 && body !== undefined && error === null) return { kind: "answered", body };
  return { kind: "refused", verdict: classifyAnswer(status, error, text) };
}

/** @returns the value, or undefined if the text is no JSON (an answer of something that is not etcd) */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Finds etcd's error in a body: at the top for a call, under `error` for a stream. */
function readError(body: unknown): GatewayError | null {
  if (typeof body === "object" && body !== null && "error" in body && typeof body.error === "object") {
    const nested = GatewayError.safeParse(body.error);
    return nested.success ? nested.data : null;
  }
  const parsed = GatewayError.safeParse(body);
  const known = parsed.success && (parsed.data.message ?? parsed.data.error) !== undefined;
  return known ? parsed.data : null;
}
