import { exports } from "cloudflare:workers";
import type { Role } from "@evenkeel/contracts/api";
import { InstanceView, MonitorView, NamespaceView, SiteView, TokenCreated } from "@evenkeel/contracts/api";
import { expect } from "vitest";
import { z } from "zod";

/** Base URL of the control plane under test. */
export const BASE = "https://evenkeel.test";
/** The set-up token of test/workers/vitest.config.ts. */
export const SETUP_TOKEN = "set-up-token-of-the-tests";
export const OWNER = { name: "ada", password: "a long enough password" };

/** An answer of the API. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** Who calls: an API token, a session cookie, or nobody. */
export interface Caller {
  readonly token?: string;
  readonly cookie?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request as a caller; cookies come with the Origin that a browser adds. */
export async function call(caller: Caller, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await exports.default.fetch(`${BASE}/api/v1${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(caller.token === undefined ? {} : { authorization: `Bearer ${caller.token}` }),
      ...(caller.cookie === undefined ? {} : { cookie: caller.cookie, origin: BASE }),
      ...caller.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: readJson(text), headers: response.headers };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Sends a request that has to succeed, and parses the answer by the schema that the API promises. */
export async function ask<Schema extends z.ZodType>(
  caller: Caller,
  method: string,
  path: string,
  schema: Schema,
  body?: unknown,
): Promise<z.infer<Schema>> {
  const answer = await call(caller, method, path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  return schema.parse(answer.body);
}

const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  retryable: z.boolean(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** Sends a request that has to be refused with a code, and returns the problem. */
export async function refused(
  caller: Caller,
  method: string,
  path: string,
  code: string,
  body?: unknown,
): Promise<z.infer<typeof Problem>> {
  const answer = await call(caller, method, path, body);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const problem = Problem.parse(answer.body);
  expect(problem.code, problem.detail).toBe(code);
  expect(problem.status).toBe(answer.status);
  return problem;
}

/** Creates the owner and returns a caller with an owner's token. */
export async function becomeOwner(): Promise<Caller> {
  const answer = await call({}, "POST", "/setup", { token: SETUP_TOKEN, ...OWNER });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
  return { token: await createToken({ cookie }, "owner") };
}

/** Creates an API token and returns it. */
export async function createToken(owner: Caller, role: Role): Promise<string> {
  const body = { name: `${role}-${crypto.randomUUID()}`, role };
  return (await ask(owner, "POST", "/tokens", TokenCreated, body)).token;
}

/** An instance with two data sites, a witness and an application. */
export interface Arranged {
  readonly namespaceId: string;
  readonly instanceId: string;
  readonly applicationId: string;
  readonly sites: Readonly<Record<string, string>>;
  /** Path of the instance. */
  readonly path: string;
}

/** Creates a namespace, an instance, its sites and an application. */
export async function arrange(owner: Caller): Promise<Arranged> {
  const unique = crypto.randomUUID().slice(0, 8);
  const namespace = await ask(owner, "POST", "/namespaces", NamespaceView, {
    name: `namespace ${unique}`,
    primary: { name: "east" },
    standby: { name: "west" },
  });
  const instance = await ask(owner, "POST", "/instances", InstanceView, {
    namespaceId: namespace.id,
    name: `instance ${unique}`,
  });
  const path = `/instances/${instance.id}`;
  const sites: Record<string, string> = {};
  for (const [name, kind] of [
    ["dc1", "data"],
    ["dc2", "data"],
    ["witness", "witness"],
  ] as const) {
    sites[name] = (await ask(owner, "POST", `${path}/sites`, SiteView, { name, kind })).id;
  }
  const application = await ask(owner, "POST", `${path}/applications`, z.object({ id: z.string() }), {
    name: "shop",
  });
  return { namespaceId: namespace.id, instanceId: instance.id, applicationId: application.id, sites, path };
}

/** The body of a monitor of the made-up kind `fakedb`. */
export function describeMonitor(arranged: Arranged, secret: Record<string, unknown> = {}) {
  return {
    kind: "fakedb",
    applicationId: arranged.applicationId,
    common: { user: "watcher", database: "shop" },
    secret,
    dataCentres: [
      { name: "dc1", site: "dc1", config: { host: "10.0.0.1", port: 5432 } },
      { name: "dc2", site: "dc2", config: { host: "10.0.0.2", port: 5432 } },
    ],
  };
}

/** Creates a monitor of the made-up kind `fakedb`. */
export function createMonitor(
  owner: Caller,
  arranged: Arranged,
  secret: Record<string, unknown> = {},
): Promise<MonitorView> {
  return ask(owner, "POST", `${arranged.path}/monitors`, MonitorView, describeMonitor(arranged, secret));
}
