import { z } from "zod";

/** How long one call to the control plane may take, in milliseconds. */
const CALL_TIMEOUT_MS = 15_000;

const ProblemBody = z.object({ code: z.string(), detail: z.string() });

/** A call that the control plane refused: its code and its own sentence. */
export class ApiRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(call: string, status: number, code: string, detail: string) {
    super(`${call}: ${detail} (${status} ${code})`);
    this.name = "ApiRefusal";
    this.status = status;
    this.code = code;
  }
}

/** The public API as the lab uses it: like anyone else, over HTTP with a token. */
export interface ApiClient {
  readonly url: string;
  readonly token: string | null;
  get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>>;
  send<Schema extends z.ZodType>(
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body: unknown,
    schema: Schema,
  ): Promise<z.infer<Schema>>;
  /** Reads an answer that is not JSON. */
  text(path: string): Promise<string>;
}

/**
 * Makes a client of the public API.
 *
 * @param url base URL of the control plane
 * @param token API token; null before there is one
 */
export function createApiClient(url: string, token: string | null): ApiClient {
  async function call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ text: string; cookie: string | null }> {
    const headers: Record<string, string> = { origin: new URL(url).origin };
    if (token !== null) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const answer = await fetch(new URL(`/api/v1${path}`, url), {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw describeRefusal(`${method} ${path}`, answer.status, text);
    return { text, cookie: answer.headers.get("set-cookie") };
  }
  return {
    url,
    token,
    get: async (path, schema) => schema.parse(JSON.parse((await call("GET", path)).text)),
    send: async (method, path, body, schema) => {
      const { text } = await call(method, path, body);
      return schema.parse(text === "" ? {} : JSON.parse(text));
    },
    text: async (path) => (await call("GET", path)).text,
  };
}

function describeRefusal(call: string, status: number, text: string): ApiRefusal {
  try {
    const problem = ProblemBody.parse(JSON.parse(text));
    return new ApiRefusal(call, status, problem.code, problem.detail);
  } catch {
    return new ApiRefusal(call, status, "unreadable", text.slice(0, 200));
  }
}

/**
 * Makes the owner of a new control plane, or uses the token that the lab got from an earlier start.
 *
 * @param url base URL
 * @param setupToken the one-time token that the control plane was started with
 * @param kept the token of an earlier start; null: none
 * @param password for the owner's account
 * @returns a client with an owner's token
 */
export async function becomeOwner(
  url: string,
  setupToken: string,
  kept: string | null,
  password: string,
): Promise<ApiClient> {
  if (kept !== null) return createApiClient(url, kept);
  const owner = { name: "owner", password };
  const setup = await fetch(new URL("/api/v1/setup", url), {
    method: "POST",
    headers: { "content-type": "application/json", origin: new URL(url).origin },
    body: JSON.stringify({ token: setupToken, ...owner }),
  });
  const text = await setup.text();
  if (!setup.ok) throw describeRefusal("POST /setup", setup.status, text);
  const cookie = setup.headers.get("set-cookie")?.split(";")[0];
  if (cookie === undefined) throw new Error("POST /setup did not sign the owner in");
  const answer = await fetch(new URL("/api/v1/tokens", url), {
    method: "POST",
    headers: { "content-type": "application/json", origin: new URL(url).origin, cookie },
    body: JSON.stringify({ name: "lab", role: "owner" }),
  });
  const created = await answer.text();
  if (!answer.ok) throw describeRefusal("POST /tokens", answer.status, created);
  return createApiClient(url, z.object({ token: z.string() }).parse(JSON.parse(created)).token);
}
