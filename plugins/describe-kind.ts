import type { CodeMeaning, MonitorPlugin } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { NETWORK_MEANINGS } from "./network-errors.ts";

const GROUPS = [
  ["common", "The same in every data centre"],
  ["target", "In each data centre"],
  ["secret", "Sealed to the agents"],
] as const;

/**
 * Renders the documentation page of a kind of monitor from its plugin, so that it cannot be out of date.
 *
 * @param plugin the kind
 * @returns Markdown
 */
export function describeKind(plugin: MonitorPlugin): string {
  const { title, kind, account, codes, proof } = plugin;
  const about = plugin.switchable
    ? "Monitors of this kind detect, report and switch."
    : "Monitors of this kind detect and report; they never switch.";
  return [
    "<!-- Derived from plugins/monitors/ by `vitest run -u test/plugins/docs.test.ts`; do not edit. -->",
    `# ${title.en} (\`${kind}\`)`,
    about,
    ...(account === undefined ? [] : ["## Account", `\`\`\`\n${account}\n\`\`\``]),
    ...(proof === undefined ? [] : ["## What was run", proof]),
    "## Settings",
    ...GROUPS.flatMap(([group, heading]) => describeSettings(heading, plugin[group])),
    `Example:\n\n\`\`\`json\n${JSON.stringify(plugin.example, null, 2)}\n\`\`\``,
    "## Timing of a new instance",
    renderTable(
      ["setting", "default"],
      Object.entries(plugin.defaults).map(([name, value]) => [name, String(value)]),
    ),
    "## What errors mean",
    "Whatever stands in no table: an error that the engine itself answered is `degraded`, because an answer is life; anything else is `down`.",
    ...(codes === undefined ? [] : [renderCodes(codes)]),
    "What it says of each way in which a target can be ill was tried out: [all of them in a table](fault-matrix.md).",
    "The network's, the same for every kind:",
    renderCodes(NETWORK_MEANINGS),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

interface Property {
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string;
  readonly anyOf?: readonly Property[];
  readonly properties?: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
}

function describeSettings(heading: string, schema: z.ZodObject): string[] {
  const rows = listSettings(z.toJSONSchema(schema, { io: "input" }) as Property, "");
  return [`### ${heading}`, renderTable(["setting", "name", "value", "about"], rows)];
}

function listSettings(schema: Property, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = `${prefix}${name}`;
    const row = [
      property.title ?? "",
      `\`${path}\``,
      describeValue(schema, name, property),
      property.description ?? "",
    ];
    return [row, ...listSettings(property, `${path}.`)];
  });
}

function describeValue(schema: Property, name: string, property: Property): string {
  const choices = property.enum ?? (property.const === undefined ? undefined : [property.const]);
  const form =
    choices === undefined
      ? (property.type ?? (property.anyOf ?? []).map(({ type }) => type).join(" or "))
      : choices.map((choice) => `\`${String(choice)}\``).join(" ");
  if (property.default !== undefined) return `${form}; default \`${JSON.stringify(property.default)}\``;
  return schema.required?.includes(name) === true ? form : `${form}; optional`;
}

function renderCodes(codes: Readonly<Partial<Record<string, CodeMeaning>>>): string {
  const rows = Object.entries(codes).flatMap(([code, meaning]) =>
    meaning === undefined ? [] : [[`\`${code}\``, meaning.verdict, meaning.reason, meaning.advice ?? ""]],
  );
  return renderTable(["code", "verdict", "reason", "what to do"], rows);
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
