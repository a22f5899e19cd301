import { z } from "zod";

/** A field of a configuration as a reader of its page wants to know it. */
export interface ConfigField {
  /** Path, `dcN` for any data centre, `[]` for any entry of a list. */
  readonly path: string;
  readonly type: string;
  /** `required`, the default, or a dash for what may be left out. */
  readonly default: string;
}

interface Shape {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Shape[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Shape | false;
}

/**
 * Lists the fields of a schema, those with fields of their own left out.
 *
 * @param schema of the configuration as it is written
 */
export function listConfigFields(schema: z.ZodType): ConfigField[] {
  return listFields(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Shape, "", "");
}

function listFields(shape: Shape, path: string, presence: string): ConfigField[] {
  const inner = innerFields(shape, path);
  const own = { path, type: nameType(shape), default: presence };
  if (inner.length === 0) return [own];
  // A list of texts or of groups is a field and has fields.
  return shape.type === "array" ? [own, ...inner] : inner;
}

function innerFields(shape: Shape, path: string): ConfigField[] {
  const groups = shape.anyOf?.filter((each) => each.type === "object") ?? [];
  if (groups.length > 0) return groups.flatMap((group) => innerFields(group, path));
  if (shape.type === "array") {
    return innerFields(shape.items ?? {}, `${path}[]`);
  }
  const under = (name: string) => (path === "" ? name : `${path}.${name}`);
  if (shape.additionalProperties && shape.properties === undefined)
    return innerFields(shape.additionalProperties, under("dcN"));
  return Object.entries(shape.properties ?? {}).flatMap(([name, each]) => {
    if (each.default !== undefined) return listFields(each, under(name), JSON.stringify(each.default));
    return listFields(each, under(name), shape.required?.includes(name) ? "required" : "–");
  });
}

function nameType(shape: Shape): string {
  const { type, items, minimum, maximum } = shape;
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.enum !== undefined) return shape.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (shape.anyOf?.some((each) => each.type === "number")) return "number";
  if (type === "array")
    return `list of ${items?.anyOf === undefined ? nameType(items ?? {}) : "texts or groups"}`;
  if (type === "integer") return `${minimum} to ${maximum}`;
  if (type === "string") return "text";
  return type ?? "anything";
}
