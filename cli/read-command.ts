import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { RESOURCES } from "./resources.ts";

/** A request to the API, read from the command line. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query under /api/v1. */
  readonly path: string;
  readonly body: unknown;
}

/** The request, or what is wrong with the command line. */
export type CommandReading =
  | { readonly ok: true; readonly request: ApiRequest }
  | { readonly ok: false; readonly message: string };

/** Shown for `--help` and after a command that cannot be read. */
export const USAGE = `evenkeel <resource> <verb> [id] [--instance <id>] [--data <json>] [--query name=value]…

Fields of the body can be given one by one, without --data:
  --to dc2  --data-centre dc1  --epoch <epoch that you saw>  --force  --reason <text>  --set name=value…

EVENKEEL_URL    base URL of the control plane
EVENKEEL_TOKEN  an API token

Resources and verbs:
${Object.entries(RESOURCES)
  .map(([name, verbs]) => `  ${name.padEnd(16)} ${Object.keys(verbs).join(", ")}`)
  .join("\n")}`;

const OPTIONS = {
  instance: { type: "string" },
  data: { type: "string" },
  query: { type: "string", multiple: true },
  set: { type: "string", multiple: true },
  to: { type: "string" },
  "data-centre": { type: "string" },
  epoch: { type: "string" },
  force: { type: "boolean" },
  reason: { type: "string" },
} as const;

/**
 * Reads a command line.
 *
 * @param args the arguments
 * @param readFile reads the file of `--data @file`
 * @returns the request, or what is wrong
 */
export function readCommand(args: readonly string[], readFile: (path: string) => string): CommandReading {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [resource = "", name = "", id] = positionals;
    const verb = findOwn(findOwn(RESOURCES, resource) ?? {}, name);
    if (verb === undefined) return refuse(`There is no command "${resource} ${name}"`);
    const path = fillPath(verb.path, { instance: values.instance, id });
    const query = new URLSearchParams((values.query ?? []).map(splitPair)).toString();
    return {
      ok: true,
      request: {
        method: verb.method,
        path: query === "" ? path : `${path}?${query}`,
        body: verb.takesData ? readBody(values, readFile) : undefined,
      },
    };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function findOwn<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function refuse(message: string): CommandReading {
  return { ok: false, message };
}

function fillPath(path: string, values: { instance: string | undefined; id: string | undefined }): string {
  return path.replace(/\{(instance|id)\}/g, (_, name: "instance" | "id") => {
    const value = values[name];
    if (value === undefined) throw new Error(name === "id" ? "An id is missing" : "--instance is missing");
    return encodeURIComponent(value);
  });
}

type Values = Partial<Record<keyof typeof OPTIONS, string | boolean | string[]>>;

function readBody(values: Values, readFile: (path: string) => string): unknown {
  const { data } = values;
  const given: unknown =
    typeof data === "string" ? JSON.parse(data.startsWith("@") ? readFile(data.slice(1)) : data) : {};
  const pairs = Array.isArray(values.set) ? values.set.map(splitPair) : [];
  const isCommand = values.epoch !== undefined;
  return {
    ...Object(given),
    ...Object.fromEntries(pairs.map(([name, value]) => [name, readValue(value)])),
    ...(values.to === undefined ? {} : { to: values.to }),
    ...(values["data-centre"] === undefined ? {} : { dataCentre: values["data-centre"] }),
    ...(values.force === undefined ? {} : { force: values.force }),
    ...(values.reason === undefined ? {} : { reason: values.reason }),
    ...(isCommand ? { expectedEpoch: Number(values.epoch), idempotencyKey: randomUUID() } : {}),
  };
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf("=");
  if (at < 1) throw new Error(`"${pair}" is not name=value`);
  return [pair.slice(0, at), pair.slice(at + 1)];
}

/** `true`, `5`, `null`, `{"a":1}` are what they look like; everything else is text. */
function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: a plain word, which is the common case on a command line.
    return text;
  }
}
