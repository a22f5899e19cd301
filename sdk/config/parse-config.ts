import { SDK_SECRET_FIELDS, SdkConfig, type SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { parse as parseYaml, YAMLParseError } from "yaml";
import type { z } from "zod";
import { ConfigError } from "../errors.ts";
import { interpolate, type Variables } from "./interpolate.ts";
import { readDevspore } from "./read-devspore.ts";

/** A configuration file longer than this is none of ours. */
const MAX_TEXT_LENGTH = 1024 * 1024;

/**
 * Reads the configuration that the console hands out, or one of the layouts of MAS and devspore.
 *
 * @param source YAML or JSON text, or the object that such a text stands for
 * @param variables values for `${NAME}`; the environment if left out
 * @returns the configuration
 * @throws ConfigError with every problem: its path, what kind of value stands there, and what to do
 */
export function parseConfig(source: string | SdkConfigInput, variables: Variables = process.env): SdkConfig {
  const raw = typeof source === "string" ? parseText(source) : source;
  const { document, missing } = interpolate(raw, variables);
  if (missing.length > 0) {
    throw new ConfigError(
      missing.map(
        ({ path, name }) =>
          `${path}: the environment variable ${name} is not set; set it, or write \${${name}:-default}`,
      ),
    );
  }
  const config = readDevspore(document, variables);
  const parsed = SdkConfig.safeParse(config, { reportInput: false });
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => describe(issue, config)));
  }
  return parsed.data;
}

function parseText(text: string): unknown {
  if (text.length > MAX_TEXT_LENGTH) {
    throw new ConfigError([`the text has ${text.length} characters; at most ${MAX_TEXT_LENGTH} are read`]);
  }
  try {
    return parseYaml(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    // The parser's own message quotes the line, which may hold a password.
    const line = error.linePos?.[0].line;
    throw new ConfigError([
      `the text is no YAML (${error.code}${line === undefined ? "" : `, line ${line}`})`,
    ]);
  }
}

function describe(issue: z.core.$ZodIssue, document: unknown): string {
  const path = issue.path.join(".") || "(top)";
  const field = String(issue.path.at(-1) ?? "");
  const standing = kindOf(issue.path.reduce<unknown>((at, key) => read(at, key), document));
  const secret = SDK_SECRET_FIELDS.has(field);
  return `${path}: ${secret ? "the secret here" : issue.message} (it is ${standing})`;
}

function read(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

/** Names the kind of a value, never the value. */
function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return `a text of ${value.length} characters`;
  if (typeof value === "object") return "a group of fields";
  return `a ${typeof value}`;
}
