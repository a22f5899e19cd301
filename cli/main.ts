#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { readCommand, USAGE } from "./read-command.ts";

/** Longest wait for an answer, in milliseconds: a command may wait half a minute for its switch. */
const ANSWER_TIMEOUT_MS = 60_000;
/** Exit codes: the API refused; the command line or the environment is wrong. */
const REFUSED = 1;
const WRONG_USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  if (args.length === 0 || args.includes("--help")) {
    process.stdout.write(`${USAGE}\n`);
    return args.length === 0 ? WRONG_USAGE : 0;
  }
  const reading = readCommand(args, (path) => readFileSync(path === "-" ? 0 : path, "utf8"));
  if (!reading.ok) return fail(reading.message, WRONG_USAGE);
  const { EVENKEEL_URL: url, EVENKEEL_TOKEN: token } = process.env;
  if (url === undefined || !URL.canParse(url)) return fail("EVENKEEL_URL is not a URL", WRONG_USAGE);
  if (token === undefined) return fail("EVENKEEL_TOKEN is not set", WRONG_USAGE);
  const { method, path, body } = reading.request;
  const response = await fetch(new URL(`/api/v1${path}`, url), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
  const shown = isJson ? JSON.stringify(JSON.parse(text), null, 2) : text;
  if (!response.ok) return fail(shown, REFUSED);
  if (shown !== "") process.stdout.write(shown.endsWith("\n") ? shown : `${shown}\n`);
  return 0;
}

function fail(message: string, code: number): number {
  process.stderr.write(`${message}\n`);
  return code;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
  process.exitCode = fail(`${error instanceof Error ? error.message : String(error)}${cause}`, REFUSED);
}
