/** Nesting that a configuration may have. */
const MAX_DEPTH = 20;
const PLACEHOLDER = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Variables by name, such as `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A placeholder that could not be filled. */
export interface MissingVariable {
  /** Path of the value that names it, such as `etcd.password`. */
  readonly path: string;
  readonly name: string;
}

/**
 * Fills `${NAME}` and `${NAME:-default}` in all texts of a parsed document. It works on values, after parsing, so that
 * what a variable holds can never change the structure.
 *
 * @param document what the YAML or JSON parser gave
 * @param variables where the values come from
 * @returns the document with its placeholders filled, and those that could not be
 */
export function interpolate(
  document: unknown,
  variables: Variables,
): { readonly document: unknown; readonly missing: readonly MissingVariable[] } {
  const missing: MissingVariable[] = [];
  const fill = (value: unknown, path: readonly string[]): unknown => {
    if (path.length > MAX_DEPTH) return value;
    if (typeof value === "string") {
      return value.replace(PLACEHOLDER, (_match, name: string, fallback: string | undefined) => {
        const found = variables[name] ?? fallback;
        if (found === undefined) missing.push({ path: path.join("."), name });
        return found ?? "";
      });
    }
    if (Array.isArray(value)) return value.map((each, at) => fill(each, [...path, String(at)]));
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [key, fill(each, [...path, key])]),
      );
    }
    return value;
  };
  return { document: fill(document, []), missing };
}
