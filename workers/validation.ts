import { AppError } from "@evenkeel/contracts/errors";
import { resolver, validator } from "hono-openapi";
import type { z } from "zod";
import type { AppEnv } from "./app-env.ts";

/** Issues that one refusal lists at most. */
const ISSUES_MAX = 20;
/** Names of fields are repeated only in this form, so that a secret typed in the wrong place is not. */
const FIELD_NAME = /^[A-Za-z][A-Za-z_]{0,39}$/;

/** One thing that is wrong with a request: where, and what is expected there; never what was sent. */
export interface InputIssue {
  readonly path: string;
  readonly expected: string;
}

/**
 * Validates a part of a request. Unlike the library's default it never sends back what was submitted.
 *
 * @param target body, query or path
 * @param schema what is accepted
 * @returns the middleware; the handler finds the parsed value under `c.req.valid(target)`
 */
export function accept<Schema extends z.ZodType, Target extends "json" | "query">(
  target: Target,
  schema: Schema,
) {
  return validator<Schema, Target, AppEnv, string>(target, schema, (result) => {
    if (!result.success) throw refuseInput(listIssues(result.error as readonly z.core.$ZodIssue[]));
  });
}

/**
 * Parses a value by a schema that is known only at run time, such as the configuration of a kind of monitor.
 *
 * @param schema the schema
 * @param value the value
 * @param path where the value stands in the request
 * @returns the parsed value
 * @throws AppError invalid-input naming paths and what is expected there
 */
export function parseAt<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw refuseInput(listIssues(result.error.issues, path));
}

/**
 * The refusal of a request that is not valid.
 *
 * @param issues what is wrong where
 * @returns the error to throw
 */
export function refuseInput(issues: readonly InputIssue[]): AppError {
  const first = issues
    .map(({ path, expected }) => (path === "" ? expected : `${path}: ${expected}`))
    .join("; ");
  return new AppError("invalid-input", first.slice(0, 1000), { issues });
}

/**
 * A JSON answer for the API's description.
 *
 * @param description what it is
 * @param schema its form
 * @returns the entry for `describeRoute`
 */
export function json(description: string, schema: z.ZodType) {
  return { description, content: { "application/json": { schema: resolver(schema) } } };
}

function listIssues(issues: readonly z.core.$ZodIssue[], prefix = ""): InputIssue[] {
  return issues.slice(0, ISSUES_MAX).map((issue) => ({
    path: renderPath(prefix, issue.path),
    expected: renderExpected(issue),
  }));
}

function renderExpected(issue: z.core.$ZodIssue): string {
  if (issue.code !== "unrecognized_keys") return issue.message;
  const known = issue.keys.filter((key) => FIELD_NAME.test(key)).slice(0, ISSUES_MAX);
  return known.length === 0 ? "has unknown fields" : `has unknown fields: ${known.join(", ")}`;
}

function renderPath(prefix: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = FIELD_NAME.test(String(part)) ? String(part) : "?";
    return text === "" ? name : `${text}.${name}`;
  }, prefix);
}

/**
 * Puts an edit on top of what there is; what the edit leaves out stays.
 *
 * @param before what there is
 * @param edit the edit
 * @returns the result
 */
export function mergeChanges<Row extends object>(
  before: Row,
  edit: { readonly [Key in keyof Row]?: Row[Key] | undefined },
): Row {
  const set = Object.entries(edit).filter(([, value]) => value !== undefined);
  return { ...before, ...Object.fromEntries(set) };
}
