import type { z } from "zod";
import { Problem } from "./problem.ts";

/** Path of the API on the host that served the console. */
export const API_ROOT = "/api/v1";
/** A request that has no answer after so long, in milliseconds, is given up; commands wait 5 s at the server. */
export const REQUEST_TIMEOUT_MS = 15_000;

/** Why a request brought nothing. */
export type Failure =
  /** The control plane refused, and says why. */
  | { readonly reason: "problem"; readonly problem: Problem }
  /** No answer came: whether the request was carried out is unknown. */
  | { readonly reason: "no-answer" }
  /** The answer does not have the form that this console knows. */
  | { readonly reason: "unreadable"; readonly status: number };

/** What came of a request. */
export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: Failure };

/** A request to the API. */
export interface ApiRequest<Schema extends z.ZodType> {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Path below API_ROOT, with its leading slash. */
  readonly path: string;
  readonly body?: unknown;
  /** Form of the answer. */
  readonly answer: Schema;
  readonly timeoutMs?: number;
}

/**
 * Asks the API, with the browser's session.
 *
 * @param request the request
 * @returns the parsed answer, or why there is none; it never rejects
 */
export async function askApi<Schema extends z.ZodType>(
  request: ApiRequest<Schema>,
): Promise<Answer<z.infer<Schema>>> {
  const came = await exchange(request);
  return came === null ? NO_ANSWER : readAnswer(came.status, came.text, request.answer);
}

/**
 * Asks the API for something that is not JSON.
 *
 * @param path below API_ROOT, with its leading slash
 * @returns the text, or why there is none; it never rejects
 */
export async function askText(path: string): Promise<Answer<string>> {
  const came = await exchange({ method: "GET", path });
  if (came === null) return NO_ANSWER;
  const { status, text } = came;
  return status >= 200 && status < 300 ? { ok: true, value: text } : readFailure(status, text);
}

const NO_ANSWER = { ok: false, failure: { reason: "no-answer" } } as const;

/** @returns null if no answer came */
async function exchange({
  method,
  path,
  body,
  timeoutMs = REQUEST_TIMEOUT_MS,
}: Omit<ApiRequest<z.ZodType>, "answer">): Promise<{ status: number; text: string } | null> {
  try {
    const response = await fetch(API_ROOT + path, {
      method,
      credentials: "same-origin",
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    // The browser does not say more than that it failed: no network, no server, or too late.
    console.warn(`${method} ${path.split("?")[0]}: ${String(error)}`);
    return null;
  }
}

/**
 * Reads an answer of the API.
 *
 * @param status HTTP status
 * @param text the body
 * @param schema form of a good answer
 * @returns the value, or the failure
 */
export function readAnswer<Schema extends z.ZodType>(
  status: number,
  text: string,
  schema: Schema,
): Answer<z.infer<Schema>> {
  if (status >= 200 && status < 300) {
    const parsed = schema.safeParse(parseJson(text));
    return parsed.success
      ? { ok: true, value: parsed.data }
      : { ok: false, failure: { reason: "unreadable", status } };
  }
  return readFailure(status, text);
}

function readFailure(status: number, text: string): { readonly ok: false; readonly failure: Failure } {
  const problem = Problem.safeParse(parseJson(text));
  if (problem.success) return { ok: false, failure: { reason: "problem", problem: problem.data } };
  // A proxy in between answers with a page of its own while the control plane is away.
  return status >= 502 && status <= 504
    ? { ok: false, failure: { reason: "no-answer" } }
    : { ok: false, failure: { reason: "unreadable", status } };
}

/** An empty body reads as null, and so does one that is not JSON: no schema of an answer with content accepts null. */
function parseJson(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
