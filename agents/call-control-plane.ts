import { request } from "undici";
import { z } from "zod";

/** How long the control plane may take to answer, in milliseconds. */
const CALL_TIMEOUT_MS = 15_000;
/** Longest answer that is read, in characters: all sealed secrets of a large instance. */
const ANSWER_MAX = 64_000_000;

const Problem = z.object({ detail: z.string(), code: z.string() });

/** A call of the control plane's API. */
export interface ControlPlaneCall {
  /** Base URL of the control plane. */
  readonly url: string;
  readonly method: "GET" | "POST";
  /** Path below `/api/v1`. */
  readonly path: string;
  /** The agent's token; absent: the call needs none. */
  readonly token?: string;
  readonly body?: unknown;
  /** What is asked for, in words for the error: `the enrolment`. */
  readonly what: string;
}

/**
 * Calls the control plane as a command of a person at a terminal does: once.
 *
 * @param call what to ask
 * @param schema what is answered
 * @returns the answer
 * @throws Error with the control plane's own sentence if it refuses
 */
export async function callControlPlane<Schema extends z.ZodType>(
  call: ControlPlaneCall,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const { url, method, path, token, body, what } = call;
  const answer = await request(new URL(`/api/v1${path}`, url), {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headersTimeout: CALL_TIMEOUT_MS,
    bodyTimeout: CALL_TIMEOUT_MS,
  });
  const text = await answer.body.text();
  if (text.length > ANSWER_MAX) throw new Error(`the control plane's answer to ${what} is too long`);
  if (answer.statusCode < 200 || answer.statusCode > 299) {
    throw new Error(describeRefusal(what, answer.statusCode, text));
  }
  return schema.parse(JSON.parse(text));
}

function describeRefusal(what: string, status: number, text: string): string {
  try {
    const problem = Problem.parse(JSON.parse(text));
    return `the control plane refused ${what} (${problem.code}): ${problem.detail}`;
  } catch {
    // Not a control plane's answer: it has no words of its own.
    return `the control plane answered ${what} with status ${status} and no explanation; is the URL right?`;
  }
}
